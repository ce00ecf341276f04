import { median } from '../../../src/core/statistics/quantile.ts';
import { spearman } from '../../../src/core/statistics/rank-correlation.ts';

export interface Score {
  spearman: number;
  /** The share of predictions within 10% of what was measured. */
  within10: number;
}

/** How good log latencies `predicted` are on the rows `judged`. */
export function score(predicted: Float64Array, ms: Float64Array, judged: readonly number[]): Score {
  const close = judged.filter((i) => Math.abs(Math.exp(predicted[i] as number) / (ms[i] as number) - 1) <= 0.1);
  return {
    spearman: spearman(
      judged.map((i) => predicted[i] as number),
      judged.map((i) => ms[i] as number),
    ),
    within10: close.length / judged.length,
  };
}

export const medianScore = (scores: readonly Score[]): Score => ({
  spearman: median(scores.map((each) => each.spearman)),
  within10: median(scores.map((each) => each.within10)),
});
