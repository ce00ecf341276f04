import type { Quality } from '../../api/variant.ts';
import { wilson } from './binomial.ts';

/** Index of the largest of each row's `classes` scores. */
export function argmaxRows(scores: ArrayLike<number>, classes: number): number[] {
  return Array.from({ length: scores.length / classes }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if ((scores[row * classes + c] ?? 0) > (scores[row * classes + best] ?? 0)) best = c;
    }
    return best;
  });
}

/** The share of rows where both agree, with its 95% Wilson interval. */
export function agreement(metric: Quality['metric'], predicted: number[], expected: number[]): Quality {
  const samples = predicted.length;
  const right = predicted.filter((value, row) => value === expected[row]).length;
  return { metric, value: samples ? right / samples : 0, ...wilson(right, samples), samples };
}
