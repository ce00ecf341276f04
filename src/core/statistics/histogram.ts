import { z95 } from './binomial.ts';

/**
 * A histogram as Prometheus keeps it: `counts[i]` observations were at most `bounds[i]` milliseconds. Bounds ascend and
 * the last one is Infinity; counts never fall along them. Counts may be fractions: Prometheus extrapolates.
 */
export interface CumulativeHistogram {
  bounds: number[];
  counts: number[];
}

export const total = ({ counts }: CumulativeHistogram): number => counts.at(-1) ?? 0;

/** How many observations were at most `value`, linear inside a bucket as in Prometheus' histogram_quantile. */
function countUpTo({ bounds, counts }: CumulativeHistogram, value: number): number {
  let lowerBound = 0;
  let lowerCount = 0;
  for (const [i, upper] of bounds.entries()) {
    const count = counts[i] ?? 0;
    if (value < upper) {
      const share = Number.isFinite(upper) ? (value - lowerBound) / (upper - lowerBound) : 0;
      return lowerCount + share * (count - lowerCount);
    }
    lowerBound = upper;
    lowerCount = count;
  }
  return lowerCount;
}

/** Share of observations above `value` milliseconds, between 0 and 1; 0 for an empty histogram. */
export function shareAbove(histogram: CumulativeHistogram, value: number): number {
  const all = total(histogram);
  return all === 0 ? 0 : Math.max(0, 1 - countUpTo(histogram, value) / all);
}

/**
 * The `quantile` (0 to 1) in milliseconds, linear inside its bucket; NaN for an empty histogram, and the highest finite
 * bound where it lies beyond, which is a lower bound of the truth.
 */
export function percentile(histogram: CumulativeHistogram, quantile: number): number {
  const rank = quantile * total(histogram);
  if (total(histogram) === 0) return Number.NaN;
  let lowerBound = 0;
  let lowerCount = 0;
  for (const [i, upper] of histogram.bounds.entries()) {
    const count = histogram.counts[i] ?? 0;
    if (count >= rank && count > lowerCount) {
      if (!Number.isFinite(upper)) return lowerBound;
      return lowerBound + ((rank - lowerCount) / (count - lowerCount)) * (upper - lowerBound);
    }
    lowerBound = Number.isFinite(upper) ? upper : lowerBound;
    lowerCount = count;
  }
  return lowerBound;
}

/** The bucket that `value` falls into, by its bounds in milliseconds; both are `value` where a bound is hit exactly. */
export function bucketAround({ bounds }: CumulativeHistogram, value: number): { lowerMs: number; upperMs: number } {
  const i = bounds.findIndex((upper) => value <= upper);
  const upperMs = bounds[i] ?? Number.POSITIVE_INFINITY;
  return { lowerMs: upperMs === value ? value : (bounds[i < 0 ? bounds.length - 1 : i - 1] ?? 0), upperMs };
}

/** The ends of the bucket that holds the observation of this rank; bounds of what it can have been. */
function bucketOfRank({ bounds, counts }: CumulativeHistogram, rank: number): { lowerMs: number; upperMs: number } {
  const i = counts.findIndex((count) => count >= rank && count > 0);
  return { lowerMs: bounds[i - 1] ?? 0, upperMs: bounds[i] ?? Number.POSITIVE_INFINITY };
}

/**
 * A 95% interval of a quantile in milliseconds, whatever the distribution within buckets: from the lower end of the
 * bucket of the order statistic below it to the upper end of that above it (see quantileInterval). `high` is Infinity
 * where that lies beyond the last finite bound, both are NaN for an empty histogram.
 */
export function percentileInterval(histogram: CumulativeHistogram, quantile: number, z = z95) {
  const n = total(histogram);
  if (n === 0) return { lowMs: Number.NaN, highMs: Number.NaN };
  const spread = z * Math.sqrt(n * quantile * (1 - quantile));
  const rank = (value: number) => Math.min(n, Math.max(Math.min(1, n), value));
  return {
    lowMs: bucketOfRank(histogram, rank(Math.floor(n * quantile - spread))).lowerMs,
    highMs: bucketOfRank(histogram, rank(Math.ceil(n * quantile + spread) + 1)).upperMs,
  };
}
