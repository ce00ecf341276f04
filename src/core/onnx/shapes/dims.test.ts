import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { add, type Dim, divideDown, divideExactly, divideUp, multiply, subtract, unknownDim } from './dims.ts';

/** What an expression over H and W comes to. */
function evaluate(dim: Dim, sizes: { H: number; W: number }): number {
  if (typeof dim === 'number') return dim;
  const of = new Function('H', 'W', 'floor', 'ceil', `return ${dim}`);
  return of(sizes.H, sizes.W, Math.floor, Math.ceil) + 0;
}

const operators = { add, subtract, multiply, divideDown, divideUp };
const exact: Record<keyof typeof operators, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b + 0,
  divideDown: (a, b) => Math.floor(a / b) + 0,
  divideUp: (a, b) => Math.ceil(a / b) + 0,
};
const step = fc.record({
  operator: fc.constantFrom(...(Object.keys(operators) as (keyof typeof operators)[])),
  operand: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom('H', 'W')),
});

test('reckoning with names and then binding them is binding first and then reckoning', () => {
  const size = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), size, size, (steps, H, W) => {
      let [symbolic, plain]: [Dim, number] = ['H', H];
      for (const { operator, operand } of steps) {
        symbolic = operators[operator](symbolic, operand);
        plain = exact[operator](plain, evaluate(operand, { H, W }));
      }
      if (symbolic !== unknownDim) assert.equal(evaluate(symbolic, { H, W }), plain, String(symbolic));
    }),
    { numRuns: 3000 },
  );
});

test('equal sizes have equal text', () => {
  assert.equal(multiply('W', multiply(2, 'H')), multiply(multiply('H', 'W'), 2));
  assert.equal(add(add('H', 3), -3), 'H');
  assert.equal(subtract('H', 'H'), 0);
  assert.equal(subtract(add('H', 'W'), 'H'), 'W');
  assert.equal(add(subtract('H', 'W'), add('W', 3)), add('H', 3));
  assert.equal(divideExactly(multiply(multiply('H', 'W'), 384), multiply('W', 32)), multiply('H', 12));
  assert.equal(divideExactly('H', 2), undefined);
});

test('what is not known stays not known, and does not grow without bound', () => {
  assert.equal(add('?', 1), '?');
  assert.equal(multiply('?', 0), 0);
  let dim: Dim = 'H';
  for (let depth = 0; depth < 200; depth++) dim = add(divideDown(dim, 2), 1);
  assert.equal(dim, unknownDim);
});
