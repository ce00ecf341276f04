import type { CumulativeHistogram } from '../core/statistics/histogram.ts';

/** Cumulative counts of a Prometheus histogram by upper bound in seconds, summed over series. */
export type Buckets = Map<number, number>;

const bound = (le: string) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));

export function addBucket(buckets: Buckets, le: string, count: number): void {
  const upper = bound(le);
  buckets.set(upper, (buckets.get(upper) ?? 0) + count);
}

/** The histogram in milliseconds, with its bounds in order. */
export function toHistogram(buckets: Buckets): CumulativeHistogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  return { bounds: sorted.map(([upper]) => upper * 1000), counts: sorted.map(([, count]) => count) };
}
