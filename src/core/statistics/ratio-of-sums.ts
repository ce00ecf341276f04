import { z95 } from './binomial.ts';

export interface RatioOfSums {
  value: number;
  standardError: number;
  /** Independent rows, those that weigh nothing left out. */
  rows: number;
}

/**
 * The sum of `amounts` over the sum of `weights`, a pair a row, with the standard error of the ratio estimator: rows are
 * independent, what is inside a row need not be (Cochran, Sampling Techniques, 6.3). With equal weights it is the mean
 * and its standard error. Infinite with fewer than two rows.
 */
export function ratioOfSums(amounts: ArrayLike<number>, weights: ArrayLike<number>): RatioOfSums {
  let [amount, weight, rows] = [0, 0, 0];
  for (let i = 0; i < amounts.length; i++) {
    amount += amounts[i] ?? 0;
    weight += weights[i] ?? 0;
    if (weights[i]) rows++;
  }
  const value = amount / weight;
  let squares = 0;
  for (let i = 0; i < amounts.length; i++) squares += ((amounts[i] ?? 0) - value * (weights[i] ?? 0)) ** 2;
  const standardError = rows < 2 ? Number.POSITIVE_INFINITY : Math.sqrt((rows / (rows - 1)) * squares) / weight;
  return { value, standardError, rows };
}

/**
 * Student's t quantile where the normal one is `z`, by its expansion in 1/df (Abramowitz and Stegun 26.7.5): off by less
 * than 2% from three degrees of freedom on.
 */
export function studentQuantile(df: number, z: number = z95): number {
  const z3 = z ** 3;
  const z5 = z ** 5;
  const z7 = z ** 7;
  return (
    z +
    (z3 + z) / (4 * df) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * df ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * df ** 3)
  );
}
