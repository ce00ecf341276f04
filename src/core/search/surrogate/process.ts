import { cholesky, dot } from '../../linear-algebra/cholesky.ts';
import type { Features } from './features.ts';
import { covariances, type Kernel, type Pairs, pairsWith } from './kernel.ts';

/** What was measured: candidates of the pool by index, a value each, and the variance of its measurement. */
export interface Observations {
  at: readonly number[];
  values: readonly number[];
  noise: readonly number[];
}

/** A Gaussian process conditioned on observations (Rasmussen and Williams 2006, algorithm 2.1). */
export interface Posterior {
  kernel: Kernel;
  size: number;
  /** The lower Cholesky factor of the covariance of the observations, row-major. */
  lower: Float64Array;
  /** That covariance's inverse times the values. */
  weights: Float64Array;
  /** The log marginal likelihood. */
  evidence: number;
}

/** Solves L·x = `side` in place of it. */
export function forward(lower: Float64Array, size: number, side: Float64Array, from = 0): void {
  for (let i = 0; i < size; i++) {
    side[from + i] =
      ((side[from + i] as number) - dot(lower, i * size, side, from, i)) / (lower[i * size + i] as number);
  }
}

function backward(lower: Float64Array, size: number, side: Float64Array): void {
  for (let i = size - 1; i >= 0; i--) {
    const value = (side[i] as number) / (lower[i * size + i] as number);
    side[i] = value;
    for (let k = 0; k < i; k++) side[k] = (side[k] as number) - (lower[i * size + k] as number) * value;
  }
}

/** The pairs of the observations with each other: the lower triangle, a row each. */
export const trianglePairs = (features: Features, at: readonly number[]): Pairs[] =>
  at.map((a, i) => pairsWith(features, a, at.slice(0, i + 1)));

/** Conditions on the observations, whose pairs are given; undefined where the covariance is singular. */
export function condition(
  kernel: Kernel,
  triangle: readonly Pairs[],
  { at, values, noise }: Observations,
): Posterior | undefined {
  const size = at.length;
  const lower = new Float64Array(size * size);
  for (const [i, row] of triangle.entries()) {
    lower.set(covariances(kernel, row), i * size);
    lower[i * size + i] = (lower[i * size + i] as number) + kernel.nugget + (noise[i] as number);
  }
  if (!cholesky(lower, size)) return undefined;
  const weights = Float64Array.from(values);
  forward(lower, size, weights);
  let evidence = -0.5 * dot(weights, 0, weights, 0, size) - 0.5 * size * Math.log(2 * Math.PI);
  for (let i = 0; i < size; i++) evidence -= Math.log(lower[i * size + i] as number);
  backward(lower, size, weights);
  return { kernel, size, lower, weights, evidence };
}
