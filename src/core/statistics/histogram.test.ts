import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CumulativeHistogram, percentile, shareAbove } from './histogram.ts';

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
