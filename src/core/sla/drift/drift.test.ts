import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { CumulativeHistogram } from '../../statistics/histogram.ts';
import { afterRollout, alarmed, type Charts, type Interval, nothingKnown, watch } from './drift.ts';

const bounds = [...Array.from({ length: 40 }, (_, i) => 1.2 ** i), Number.POSITIVE_INFINITY];
const random = xoroshiro128plus(7);

/** Exponential service around 10 ms, times `factor`; the slowest `tailShare` of requests times `tailFactor` as well. */
function histogramOf(count: number, factor = 1, tailShare = 0, tailFactor = 1): CumulativeHistogram {
  const times = Array.from({ length: count }, () => {
    const rank = uniformFloat64(random);
    return 5 + factor * -10 * Math.log(1 - rank) * (rank > 1 - tailShare ? tailFactor : 1) + 5 * (factor - 1);
  });
  return { bounds, counts: bounds.map((upper) => times.filter((time) => time <= upper).length) };
}

const expectedAt = (rate: number) => ({
  saturated: rate >= 90,
  medianMs: rate < 100 ? 12 : Number.POSITIVE_INFINITY,
  tailMs: rate < 100 ? 50 : Number.POSITIVE_INFINITY,
});
const interval = (histogram: CumulativeHistogram, seconds = 5): Interval => ({ histogram, seconds, replicas: 1 });

function after(charts: Charts, steps: number, make: () => CumulativeHistogram, expected = expectedAt): Charts {
  let now = charts;
  for (let i = 0; i < steps; i++) now = watch(now, interval(make()), expected);
  return now;
}
const usual = after(nothingKnown, 240, () => histogramOf(250));

test('what production usually takes is learned as a multiple of what the trial measured', () => {
  // The true median is 5 + 10 ln 2 = 11.9 ms and p99 5 + 10 ln 100 = 51.1 ms.
  assert.ok(Math.abs((usual.median?.ratio ?? 0) - 11.93 / 12) < 0.05, `${usual.median?.ratio}`);
  assert.ok(Math.abs((usual.tail?.ratio ?? 0) - 51.05 / 50) < 0.08, `${usual.tail?.ratio}`);
  assert.equal(alarmed(usual), false);
});

test('a slowdown of everything alarms within a minute, and the alarm ends after it', () => {
  const slow = after(usual, 12, () => histogramOf(250, 1.2));
  assert.equal(slow.median?.alarmed, true);
  const over = after(slow, 24, () => histogramOf(250));
  assert.equal(alarmed(over), false);
});

test('a slowdown of the slowest alone is seen by the tail and not by the median', () => {
  const slow = after(usual, 60, () => histogramOf(250, 1, 0.05, 1.5));
  assert.deepEqual([slow.median?.alarmed, slow.tail?.alarmed], [false, true]);
});

test('a hiccup now and then does not blind the tail', () => {
  let looks = 0;
  const uneasy = after(usual, 720, () => histogramOf(250, ++looks % 60 === 0 ? 3 : 1));
  assert.equal(alarmed(uneasy), false);
  assert.ok((uneasy.tail?.dispersion ?? 99) < 4, `${uneasy.tail?.dispersion}`);
  assert.equal(after(uneasy, 40, () => histogramOf(250, 1, 0.05, 1.5)).tail?.alarmed, true);
});

test('a persistent slowdown keeps its alarm and is not learned as usual', () => {
  const hour = after(usual, 720, () => histogramOf(250, 1.3));
  assert.equal(alarmed(hour), true);
  assert.ok((hour.median?.ratio ?? 9) < 1.06, `${hour.median?.ratio}`);
});

test('an alarm ends with its cause, also where few requests are left to tell', () => {
  const slow = after(usual, 18, () => histogramOf(250, 1.3));
  assert.equal(alarmed(slow), true);
  assert.equal(alarmed(after(slow, 600, () => histogramOf(10))), false);
});

test('no data and saturation alarm nobody, and change nothing that was learned', () => {
  assert.equal(watch(usual, interval(histogramOf(0)), expectedAt), usual);
  assert.equal(watch(usual, interval(histogramOf(500, 9), 0), expectedAt), usual);
  const saturated = after(usual, 60, () => histogramOf(600, 5));
  assert.deepEqual([saturated.median, saturated.tail], [usual.median, usual.tail]);
});

test('the queue that saturation left explains the tail until it is gone', () => {
  const saturated = watch(usual, interval(histogramOf(600, 5)), expectedAt);
  const draining = after(saturated, 20, () => histogramOf(250, 5));
  assert.equal(draining.tail?.evidence, usual.tail?.evidence);
  const gone = watch(draining, interval(histogramOf(250)), expectedAt);
  assert.equal(gone.drainSeconds, 0);
});

test('nothing alarms while what is usual is being learned: a minute and a half, and longer with few requests', () => {
  const early = after(nothingKnown, 8, () => histogramOf(250));
  assert.equal(alarmed(after(early, 9, () => histogramOf(250, 1.5))), false);
  const few = after(nothingKnown, 24, () => histogramOf(20));
  assert.equal(alarmed(after(few, 24, () => histogramOf(20, 1.5))), false);
});

test('two minutes after a rollout a slowdown is found within a minute and a half, whatever the variant takes', () => {
  for (const speed of [0.8, 1, 1.3]) {
    const early = after(afterRollout(usual), 24, () => histogramOf(250, speed));
    assert.equal(alarmed(early), false);
    assert.equal(after(early, 18, () => histogramOf(250, 1.2 * speed)).median?.alarmed, true, `${speed}`);
  }
});

test('what takes over while a burst ebbs is learned once it has ebbed', () => {
  const ebbing = { ...afterRollout(usual), load: 90 };
  const early = after(ebbing, 3, () => histogramOf(250));
  assert.deepEqual([early.learnedSeconds, early.median], [0, undefined]);
  assert.equal(after(early, 5, () => histogramOf(250)).learnedSeconds, 25);
});

test('after a rollout requests are expected to clump as they did, until they have shown how they do', () => {
  const clumped: Charts = { ...usual, tail: usual.tail && { ...usual.tail, dispersion: 7 } };
  const next = afterRollout(clumped);
  assert.deepEqual([next.median, next.tail, next.learnedSeconds], [undefined, undefined, 0]);
  const first = watch(next, interval(histogramOf(250)), expectedAt);
  assert.deepEqual([first.tail?.dispersion, first.median?.dispersion], [7, usual.median?.dispersion]);
  assert.deepEqual(afterRollout(next).dispersion, next.dispersion, 'two rollouts in a row');
});

test('a restart changes nothing: the state is plain data', () => {
  const stored = JSON.parse(JSON.stringify(usual)) as Charts;
  const next = interval(histogramOf(250, 1.2));
  assert.deepEqual(watch(stored, next, expectedAt), watch(usual, next, expectedAt));
});

const suspicious: Charts = {
  ...usual,
  learnedSeconds: 3600,
  median: usual.median && { ...usual.median, evidence: 10 },
  tail: usual.tail && { ...usual.tail, evidence: 10 },
};

test('splitting the counts of an interval gives the same evidence', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5 }), fc.double({ min: 0.9, max: 1.3, noNaN: true }), (parts, factor) => {
      const histogram = histogramOf(250, factor);
      const part = { bounds, counts: histogram.counts.map((count) => count / parts) };
      const whole = watch(suspicious, interval(histogram), expectedAt);
      let split = suspicious;
      for (let i = 0; i < parts; i++) split = watch(split, interval(part, 5 / parts), expectedAt);
      for (const name of ['median', 'tail'] as const) {
        assert.ok(Math.abs((whole[name]?.evidence ?? 0) - (split[name]?.evidence ?? 9)) < 1e-9);
      }
    }),
  );
});

test('more slow requests never bring less evidence', () => {
  const slow = fc.integer({ min: 0, max: 250 });
  fc.assert(
    fc.property(slow, slow, (a, b) => {
      const evidence = (count: number) => {
        const counts = bounds.map((upper) => (upper > 80 ? 250 : upper > 40 ? 250 - count : 0));
        return watch(suspicious, interval({ bounds, counts }), expectedAt).tail?.evidence ?? 0;
      };
      assert.ok(evidence(Math.max(a, b)) >= evidence(Math.min(a, b)) - 1e-9);
    }),
  );
});
