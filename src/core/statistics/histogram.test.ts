import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { bucketAround, type CumulativeHistogram, percentile, percentileInterval, shareAbove } from './histogram.ts';

const bounds = [1, 2, 5, 10, 20, 50, Number.POSITIVE_INFINITY];
const histogramOf = (values: number[]): CumulativeHistogram => ({
  bounds,
  counts: bounds.map((upper) => values.filter((value) => value <= upper).length),
});
const latencies = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 200 });

test('a percentile lies in the bucket of the true one', () => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, quantile) => {
      const sorted = [...values].sort((a, b) => a - b);
      const truth = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
      const found = percentile(histogramOf(values), quantile);
      const upper = bounds.find((bound) => truth <= bound) ?? 0;
      const lower = bounds[bounds.indexOf(upper) - 1] ?? 0;
      assert.ok(
        found >= lower && found <= Math.max(lower, Math.min(upper, found)),
        `${found} outside ${lower}..${upper}`,
      );
      assert.ok(Number.isFinite(found) && found <= upper);
    }),
  );
});

test('percentiles ascend with the quantile and the share above descends with the value', () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(latencies, unit, unit, (values, a, b) => {
      const histogram = histogramOf(values);
      const [low, high] = a < b ? [a, b] : [b, a];
      assert.ok(percentile(histogram, low) <= percentile(histogram, high) + 1e-9);
      assert.ok(shareAbove(histogram, low * 50) >= shareAbove(histogram, high * 50) - 1e-9);
    }),
  );
});

test('at a bound the share above is exact, and nothing is above in an empty histogram', () => {
  assert.equal(shareAbove(histogramOf([1.5, 3, 15, 60]), 10), 0.5);
  assert.equal(shareAbove({ bounds: [Number.POSITIVE_INFINITY], counts: [0] }, 1), 0);
  assert.ok(Number.isNaN(percentile({ bounds: [], counts: [] }, 0.99)));
});

test('the interval of a percentile holds the bucket of the sample quantile', () => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (values, quantile) => {
      const { lowMs, highMs } = percentileInterval(histogramOf(values), quantile);
      const sorted = [...values].sort((a, b) => a - b);
      const truth = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
      assert.ok(lowMs <= truth && truth <= highMs, `${truth} outside ${lowMs}..${highMs}`);
    }),
  );
});

test('the interval of a percentile covers the true one at least as often as it says', () => {
  const random = xoroshiro128plus(1);
  let covered = 0;
  for (let i = 0; i < 400; i++) {
    const sample = Array.from({ length: 300 }, () => -10 * Math.log(1 - uniformFloat64(random)));
    const { lowMs, highMs } = percentileInterval(histogramOf(sample), 0.9);
    if (lowMs <= 10 * Math.log(10) && 10 * Math.log(10) <= highMs) covered++;
  }
  assert.ok(covered >= 0.95 * 400, `${covered} of 400`);
});

test('the bucket around a value is exact at a bound and open beyond the last', () => {
  const histogram = histogramOf([3]);
  assert.deepEqual(bucketAround(histogram, 10), { lowerMs: 10, upperMs: 10 });
  assert.deepEqual(bucketAround(histogram, 7), { lowerMs: 5, upperMs: 10 });
  assert.deepEqual(bucketAround(histogram, 70), { lowerMs: 50, upperMs: Number.POSITIVE_INFINITY });
});
