import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interleaved } from './interleave.ts';
import { invalidity } from './validity.ts';

const measured = (change: Partial<Interleaved>): Interleaved => ({
  ...{ candidateMs: Array(100).fill(1), baselineMs: Array(100).fill(1), contaminated: 0, throttledMs: 0 },
  pairs: Array(30).fill({ candidateMs: 1, baselineMs: 1 }),
  ...{ heldDown: { ms: 0, because: '' }, stoppedEarly: false, peakMemoryBytes: 1, measuredMs: 10_000, engine: 'e' },
  shapes: {},
  ...change,
});
const plan = { minSamples: 100, controlSamples: 100, maxMs: 10_000, seed: 1 };
const verdict = (change: Partial<Interleaved>) => invalidity({ measured: measured(change), plan });

test('a measurement on a GPU whose clocks were held down does not count, and says why', () => {
  const found = verdict({ heldDown: { ms: 4000, because: 'its power limit' } });
  assert.equal(found?.reason, 'Throttled');
  assert.match(found?.message ?? '', /the GPU's clocks were held down for 40% of the time, by its power limit/);
});

test('a moment of it changes nothing, and what explains the rest is said first', () => {
  assert.equal(verdict({ heldDown: { ms: 100, because: 'its temperature' } }), undefined);
  const both = verdict({ heldDown: { ms: 9000, because: 'its temperature' }, candidateMs: [1] });
  assert.equal(both?.reason, 'Throttled');
  assert.equal(verdict({ candidateMs: [1] })?.reason, 'TooFewSamples');
});
