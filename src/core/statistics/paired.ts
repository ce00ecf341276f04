import type { Ratio } from '../../api/trial.ts';
import { quantile } from './quantile.ts';

/** One visit to both models, one right after the other: the median run of each, in milliseconds. */
export interface Pair {
  candidateMs: number;
  baselineMs: number;
}

/** Two-sided standard normal quantile for 99%. */
const z99 = 2.5758293035489004;
/** Below this many pairs the signed-rank distribution has no 99% interval. */
const fewestPairs = 8;

/**
 * How many times as long the candidate takes, with its 99% interval: the Hodges-Lehmann estimate of the log ratio and
 * the interval that inverts Wilcoxon's signed-rank test (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods,
 * 3.2-3.3). A neighbour that comes and goes slows both of a pair, and a pair it hit by halves is one sign among many.
 * Without enough pairs the interval is [0, Infinity].
 */
export function pairedRatio(pairs: Pair[]): Ratio {
  const logs = pairs.map(({ candidateMs, baselineMs }) => Math.log(candidateMs / baselineMs));
  const n = logs.length;
  if (n === 0) return { value: Number.NaN, low: 0, high: Number.POSITIVE_INFINITY };
  const averages = new Float64Array((n * (n + 1)) / 2);
  let count = 0;
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) averages[count++] = ((logs[i] ?? 0) + (logs[j] ?? 0)) / 2;
  averages.sort();
  const value = Math.exp(quantile(averages, 0.5));
  if (n < fewestPairs) return { value, low: 0, high: Number.POSITIVE_INFINITY };
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
  const rank = Math.max(0, Math.floor(count / 2 - z99 * deviation));
  return { value, low: Math.exp(averages[rank] ?? 0), high: Math.exp(averages[count - 1 - rank] ?? 0) };
}

export type Difference = 'Faster' | 'Slower' | 'CannotTell';

/**
 * What a ratio says when differences below `margin` (a share) don't count: loading the same model twice can differ by
 * that much, by where its weights come to lie in memory.
 */
export function difference({ low, high }: Ratio, margin: number): Difference {
  if (high < 1 - margin) return 'Faster';
  return low > 1 + margin ? 'Slower' : 'CannotTell';
}
