import { cholesky, dot } from '../../linear-algebra/cholesky.ts';
import { covariances, type Distances, type Kernel, variance } from './kernel.ts';

/** What was measured: candidates of the pool by index, a value each, and the variance of its measurement. */
export interface Observations {
  at: readonly number[];
  values: readonly number[];
  noise: readonly number[];
}

/** A Gaussian process conditioned on observations (Rasmussen and Williams 2006, algorithm 2.1). */
export interface Posterior {
  kernel: Kernel;
  observations: Observations;
  /** The lower Cholesky factor of the covariance of the observations, row-major. */
  lower: Float64Array;
  /** That covariance's inverse times the values. */
  weights: Float64Array;
  /** The log marginal likelihood. */
  evidence: number;
}

function forward(lower: Float64Array, size: number, side: Float64Array): void {
  for (let i = 0; i < size; i++) {
    side[i] = ((side[i] as number) - dot(lower, i * size, side, 0, i)) / (lower[i * size + i] as number);
  }
}

function backward(lower: Float64Array, size: number, side: Float64Array): void {
  for (let i = size - 1; i >= 0; i--) {
    const value = (side[i] as number) / (lower[i * size + i] as number);
    side[i] = value;
    for (let k = 0; k < i; k++) side[k] = (side[k] as number) - (lower[i * size + k] as number) * value;
  }
}

/** Conditions on the observations; undefined where the covariance is singular. */
export function condition(kernel: Kernel, distances: Distances, observations: Observations): Posterior | undefined {
  const { at, values, noise } = observations;
  const size = at.length;
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    covariances(kernel, distances, at[i] as number, at.slice(0, i + 1), lower, i * size);
    lower[i * size + i] = (lower[i * size + i] as number) + kernel.nugget + (noise[i] as number);
  }
  if (!cholesky(lower, size)) return undefined;
  const half = Float64Array.from(values);
  forward(lower, size, half);
  let evidence = -0.5 * dot(half, 0, half, 0, size) - 0.5 * size * Math.log(2 * Math.PI);
  for (let i = 0; i < size; i++) evidence -= Math.log(lower[i * size + i] as number);
  backward(lower, size, half);
  return { kernel, observations, lower, weights: half, evidence };
}

/** The expected value of every candidate of the pool. */
export function means({ kernel, observations, weights }: Posterior, distances: Distances): Float64Array {
  const { count } = distances.features;
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  const [result, column] = [new Float64Array(count), new Float64Array(count)];
  for (const [i, at] of observations.at.entries()) {
    covariances(kernel, distances, at, all, column);
    const weight = weights[i] as number;
    for (let k = 0; k < count; k++) result[k] = (result[k] as number) + weight * (column[k] as number);
  }
  return result;
}

/** The variance of each of `candidates` (indices), the nugget included: how far off its value may be. */
export function variances(posterior: Posterior, distances: Distances, candidates: readonly number[]): Float64Array {
  const { kernel, observations, lower } = posterior;
  const size = observations.at.length;
  const columns = observations.at.map((at) => {
    const column = new Float64Array(candidates.length);
    covariances(kernel, distances, at, candidates, column);
    return column;
  });
  const side = new Float64Array(size);
  return Float64Array.from(candidates, (candidate, k) => {
    for (let i = 0; i < size; i++) side[i] = (columns[i] as Float64Array)[k] as number;
    forward(lower, size, side);
    const explained = dot(side, 0, side, 0, size);
    const prior = variance(kernel, distances.features, candidate);
    return Math.max(1e-9 * prior, prior - explained) + kernel.nugget;
  });
}
