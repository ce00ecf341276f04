import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate } from './allocate.ts';
import type { Choice } from './relaxation.ts';

type Items = Choice[][];
const whole = fc.integer({ min: 0, max: 30 });
const items = (most: number): fc.Arbitrary<Items> =>
  fc.array(fc.array(fc.record({ cost: whole, loss: whole }), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: most,
  });

const sums = (all: Items, chosen: readonly number[]): Choice =>
  chosen.reduce(
    (sum, index, item) => {
      const { cost, loss } = (all[item] as Choice[])[index] as Choice;
      return { cost: sum.cost + cost, loss: sum.loss + loss };
    },
    { cost: 0, loss: 0 },
  );

function bruteForce(all: Items, budget: number): number {
  let best = Number.POSITIVE_INFINITY;
  const visit = (item: number, cost: number, loss: number) => {
    if (item === all.length) {
      if (cost <= budget) best = Math.min(best, loss);
      return;
    }
    for (const choice of all[item] ?? []) visit(item + 1, cost + choice.cost, loss + choice.loss);
  };
  visit(0, 0, 0);
  return best;
}

test('no assignment within the budget loses less: every one of them is tried', () => {
  fc.assert(
    fc.property(items(6), fc.integer({ min: 0, max: 120 }), (all, budget) => {
      const chosen = allocate(all, budget);
      const least = bruteForce(all, budget);
      if (!chosen) {
        assert.equal(least, Number.POSITIVE_INFINITY);
        return;
      }
      const { cost, loss } = sums(all, chosen);
      assert.equal(chosen.length, all.length);
      assert.ok(cost <= budget);
      assert.equal(loss, least);
    }),
    { numRuns: 1000 },
  );
});

test('more budget never loses more', () => {
  fc.assert(
    fc.property(items(20), whole, whole, (all, budget, more) => {
      const [small, large] = [allocate(all, budget), allocate(all, budget + more)];
      if (small) assert.ok(large && sums(all, large).loss <= sums(all, small).loss);
    }),
  );
});

/** The optimum by a table over whole budgets: another algorithm, for sizes that can't be tried one by one. */
function byTable(all: Items, budget: number): number {
  let table = new Array<number>(budget + 1).fill(0);
  for (const choices of all) {
    table = table.map((_, spent) =>
      Math.min(
        ...choices.map(({ cost, loss }) =>
          cost <= spent ? loss + (table[spent - cost] as number) : Number.POSITIVE_INFINITY,
        ),
      ),
    );
  }
  return table[budget] as number;
}

test('50 layers of 4 precisions come out as a table over every budget finds them', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.array(fc.record({ cost: fc.integer({ min: 1, max: 400 }), loss: fc.integer({ min: 0, max: 10_000 }) }), {
          minLength: 4,
          maxLength: 4,
        }),
        { minLength: 50, maxLength: 50 },
      ),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (all, share) => {
        const ends = [Math.min, Math.max].map((end) =>
          all.reduce((sum, choices) => sum + end(...choices.map(({ cost }) => cost)), 0),
        ) as [number, number];
        const budget = Math.round(ends[0] + share * (ends[1] - ends[0]));
        const chosen = allocate(all, budget);
        assert.ok(chosen);
        assert.equal(sums(all, chosen).loss, byTable(all, budget));
      },
    ),
    { numRuns: 20 },
  );
});
