import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate, Precision } from '../../api/candidate.ts';
import { forecasts, type Known } from './forecast.ts';
import type { Space } from './space.ts';
import { notWorthMeasuring, worthMeasuring } from './transfer.ts';

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
const worth = (known: readonly Known[], count: number) =>
  worthMeasuring(known, forecasts(space, known, undefined), corner, count);
const namesOf = (known: readonly Known[], places: readonly number[]) =>
  places.map((place) => `${known[place]?.candidate.precision} ${known[place]?.candidate.dimensions.depth}`);

test('with the base alone measured, what was best elsewhere comes first', () => {
  const known = all((depth, precision) => depth === 4 && precision === 'FP32');
  assert.deepEqual(namesOf(known, worth(known, 1)), ['INT8Static 1']);
});

test('what was learnt here counts: a precision that gains nothing here is no longer ahead', () => {
  const fast = (known: readonly Known[]) => namesOf(known, worth(known, 2));
  assert.ok(
    fast(all((depth, precision) => depth === 4 && precision === 'FP32')).every((one) => one.startsWith('INT8')),
  );
  const learnt = all((depth, precision) => depth === 4 || depth === 3 || (depth === 2 && precision === 'INT8Static'));
  assert.ok(fast(learnt).includes('FP32 1'), fast(learnt).join());
});

test('when all is measured, or nothing is known elsewhere, there is nothing to choose', () => {
  assert.deepEqual(
    worth(
      all(() => true),
      5,
    ),
    [],
  );
  const blank = all((depth) => depth === 4).map((one) => ({ ...one, elsewhereMs: [undefined] }));
  assert.ok(worth(blank, 5).length <= 5);
});

/** Two dimensions, so that there is something left to forecast. */
const wide: Space = { ...space, dimensions: ['depth', 'width'].map((name) => ({ name, choices: [1, 2, 3, 4, 5] })) };
const grid = (measured: (place: number) => boolean, spread: number): Known[] =>
  Array.from({ length: 25 }, (_, place): Known => {
    const [depth, width] = [1 + (place % 5), 1 + Math.floor(place / 5)];
    const wobble = 1 + spread * Math.sin(12.9898 * place);
    return {
      candidate: { ...candidate(depth, 'FP32'), dimensions: { depth, width } },
      ...{ loss: 0.3 - 0.02 * depth, elsewhereMs: [], hereMs: measured(place) ? depth * width * wobble : undefined },
    };
  });

test('what another beats for certain is not measured; what could be better is, and so is all where little is known', () => {
  const skip = (known: readonly Known[]) => notWorthMeasuring(known, forecasts(wide, known, undefined));
  // A wider one is slower and no more accurate: the widest of each depth are left out, the narrowest never.
  const known = grid((place) => place % 5 !== 2 || place < 5, 0.01);
  const left = skip(known);
  assert.ok(left.length >= 3, `${left.length} are left out`);
  for (const place of left) assert.ok(place % 5 === 2 && place >= 5);
  assert.ok(!skip(grid((place) => place % 5 !== 2, 0.01)).includes(2), 'the fastest of its accuracy is measured');
  assert.deepEqual(skip(grid((place) => place < 8, 0.01)), []);
});
