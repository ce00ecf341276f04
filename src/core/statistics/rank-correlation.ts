import { sampleRankCorrelation } from 'simple-statistics';
import { type Interval, z95 } from './binomial.ts';

/** Spearman's rank correlation with mid-ranks for ties; NaN where one side does not vary. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  sampleRankCorrelation(Array.from(a), Array.from(b));

/**
 * A 95% interval of a rank correlation over `pairs` by Fisher's z with the variance (1 + r²/2)/(n - 3), which holds up to
 * |r| of about 0.9 (Bonett and Wright 2000); [-1, 1] with fewer than four pairs.
 */
export function spearmanInterval(r: number, pairs: number): Interval {
  if (pairs < 4) return { low: -1, high: 1 };
  const z = Math.atanh(Math.max(-1 + 1e-12, Math.min(1 - 1e-12, r)));
  const half = z95 * Math.sqrt((1 + r ** 2 / 2) / (pairs - 3));
  return { low: Math.tanh(z - half), high: Math.tanh(z + half) };
}
