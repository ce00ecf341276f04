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
