import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate, Precision } from '../../api/candidate.ts';
import type { Space } from './space.ts';
import { type Known, worthMeasuring } from './transfer.ts';

const space: Space = {
  dimensions: [{ name: 'depth', choices: [1, 2, 3, 4] }],
  precisions: ['FP32', 'INT8Static'],
  engines: [{ threads: 1, graphOptimization: 'All' }],
};
const candidate = (depth: number, precision: Precision): Candidate => ({
  ...{ dimensions: { depth }, precision, engine: { threads: 1, graphOptimization: 'All' as const } },
});
/** There INT8 is four times as fast; here it is not. */
const there = (depth: number, precision: Precision) => depth * (precision === 'FP32' ? 4 : 1);
const here = (depth: number, precision: Precision) => depth * (precision === 'FP32' ? 4 : 4.4);
const loss = (depth: number, precision: Precision) => 0.3 - 0.05 * depth + (precision === 'FP32' ? 0 : 0.01);

const all = (measured: (depth: number, precision: Precision) => boolean): Known[] =>
  [4, 3, 2, 1].flatMap((depth) =>
    space.precisions.map((precision) => ({
      ...{ candidate: candidate(depth, precision), loss: loss(depth, precision) },
      elsewhereMs: [there(depth, precision)],
      hereMs: measured(depth, precision) ? here(depth, precision) : undefined,
    })),
  );
const corner = [32, 1] as const;
const namesOf = (known: readonly Known[], places: readonly number[]) =>
  places.map((place) => `${known[place]?.candidate.precision} ${known[place]?.candidate.dimensions.depth}`);

test('with the base alone measured, what was best elsewhere comes first', () => {
  const known = all((depth, precision) => depth === 4 && precision === 'FP32');
  assert.deepEqual(namesOf(known, worthMeasuring(space, known, corner, 1)), ['INT8Static 1']);
});

test('what was learnt here counts: a precision that gains nothing here is no longer ahead', () => {
  const fast = (known: readonly Known[]) => namesOf(known, worthMeasuring(space, known, corner, 2));
  assert.ok(
    fast(all((depth, precision) => depth === 4 && precision === 'FP32')).every((one) => one.startsWith('INT8')),
  );
  const learnt = all((depth, precision) => depth === 4 || depth === 3 || (depth === 2 && precision === 'INT8Static'));
  assert.ok(fast(learnt).includes('FP32 1'), fast(learnt).join());
});

test('when all is measured, or nothing is known elsewhere, there is nothing to choose', () => {
  assert.deepEqual(
    worthMeasuring(
      space,
      all(() => true),
      corner,
      5,
    ),
    [],
  );
  const blank = all((depth) => depth === 4).map((one) => ({ ...one, elsewhereMs: [undefined] }));
  assert.ok(worthMeasuring(space, blank, corner, 5).length <= 5);
});
