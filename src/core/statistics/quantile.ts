import type { LatencySummary } from '../../api/trial.ts';
import { z95 } from './binomial.ts';

/** The `q`-quantile (0 to 1) of ascending values by the nearest-rank rule, so that it is a value that was seen. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(q * sorted.length)));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle of values in any order, of an even number the lower of the two: a value that was seen. */
export const median = (values: ArrayLike<number>): number => quantile(Float64Array.from(values).sort(), 0.5);

/**
 * A 95% interval of the `q`-quantile from order statistics alone, whatever the distribution (David and Nagaraja, Order
 * Statistics, 7.1): how many of n values lie below the quantile is Binomial(n, q). Its ends are the extremes where n is
 * too small for the quantile asked.
 */
export function quantileInterval(sorted: ArrayLike<number>, q: number, z = z95): { low: number; high: number } {
  const n = sorted.length;
  const spread = z * Math.sqrt(n * q * (1 - q));
  const at = (rank: number) => sorted[Math.min(n, Math.max(1, rank)) - 1] ?? Number.NaN;
  return { low: at(Math.floor(n * q - spread)), high: at(Math.ceil(n * q + spread) + 1) };
}

/** Milliseconds of each run, in any order, as a summary. Throws RangeError without samples. */
export function summarize(samplesMs: ArrayLike<number>): LatencySummary {
  if (samplesMs.length === 0) throw new RangeError('a latency summary needs samples');
  const sorted = Float64Array.from(samplesMs).sort();
  const p99 = quantileInterval(sorted, 0.99);
  return {
    p50Ms: quantile(sorted, 0.5),
    p90Ms: quantile(sorted, 0.9),
    p99Ms: quantile(sorted, 0.99),
    p99LowMs: p99.low,
    p99HighMs: p99.high,
    meanMs: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    samples: sorted.length,
  };
}
