import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outputDistance } from './output-distance.ts';

const near = (found: number, wanted: number) =>
  assert.ok(Math.abs(found - wanted) < 1e-9 * Math.max(1, Math.abs(wanted)), `${found} is not ${wanted}`);

test('the distance is what SciPy makes of the same numbers', () => {
  // scipy.special.log_softmax and numpy.linalg.norm of these two arrays of 12 rows.
  const table = (cell: (r: number, c: number) => number) =>
    Array.from({ length: 84 }, (_, i) => cell(Math.floor(i / 7), i % 7));
  const changed = table((r, c) => ((r * 37 + c * 61 + r * c * 13) % 101) / 10 - 5);
  const base = table((r, c) => ((r * 29 + c * 17) % 53) / 10);
  const { relativeL2, klDivergence } = outputDistance(changed, base, 7);
  near(relativeL2, 1.6605886921039095);
  near(klDivergence, 2.6938582909506796);
});

test('it is zero for equal outputs, never negative, and a shift of all scores is no divergence', () => {
  const numbers = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(numbers, numbers, fc.double({ min: -5, max: 5, noNaN: true }), (a, b, shift) => {
      assert.deepEqual(outputDistance(a, a, 4), { relativeL2: 0, klDivergence: 0 });
      const { relativeL2, klDivergence } = outputDistance(a, b, 4);
      assert.ok(relativeL2 >= 0 && klDivergence >= 0);
      const shifted = a.map((value) => value + shift);
      assert.ok(outputDistance(shifted, a, 4).klDivergence < 1e-9);
    }),
  );
});

test('zeros, masked classes and outputs that do not fit are told apart', () => {
  assert.deepEqual(outputDistance([0, 0], [0, 0], 2), { relativeL2: 0, klDivergence: 0 });
  assert.equal(outputDistance([1, 1], [0, 0], 2).relativeL2, Number.POSITIVE_INFINITY);
  near(outputDistance([0, 0], [1, 1], 2).relativeL2, 1);
  const masked = Number.NEGATIVE_INFINITY;
  near(outputDistance([0, 0], [0, masked], 2).klDivergence, Math.log(2));
  assert.ok(Number.isNaN(outputDistance([Number.NaN, 0], [1, 0], 2).relativeL2));
  assert.throws(() => outputDistance([1, 2], [1, 2, 3], 1), /outputs of 2 and 3 numbers/);
  assert.throws(() => outputDistance([1, 2, 3], [1, 2, 3], 2), RangeError);
});
