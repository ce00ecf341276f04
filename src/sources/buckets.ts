import type { CumulativeHistogram } from '../core/statistics/histogram.ts';

/** Cumulative counts of a Prometheus histogram by upper bound, in the histogram's own unit, summed over series. */
export type Buckets = Map<number, number>;

const bound = (le: string) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));

export function addBucket(buckets: Buckets, le: string, count: number): void {
  const upper = bound(le);
  buckets.set(upper, (buckets.get(upper) ?? 0) + count);
}

/** Milliseconds of the units that latency histograms are kept in. */
export const unitMs = { s: 1000, ms: 1 } as const;
export type LatencyUnit = keyof typeof unitMs;

/** A histogram of no preset is in milliseconds when its name says so. */
export const unitOf = (histogram: string): LatencyUnit => (/_(ms|milliseconds)$/.test(histogram) ? 'ms' : 's');

/**
 * The histogram in milliseconds, with its bounds in order. Counts never fall along them: what Prometheus extrapolates
 * for each bucket by itself may, by a little, and scrapes of several series are not of one moment.
 */
export function toHistogram(buckets: Buckets, unit: LatencyUnit = 's'): CumulativeHistogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  let most = 0;
  const counts = sorted.map(([, count]) => {
    most = Math.max(most, count);
    return most;
  });
  return { bounds: sorted.map(([upper]) => upper * unitMs[unit]), counts };
}
