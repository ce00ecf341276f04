import { cholesky, dot, solveRows } from '../../linear-algebra/cholesky.ts';
import type { Table } from '../../linear-algebra/table.ts';
import { views } from './design.ts';

/**
 * How much each view counts, as the log of its variance, and the noise, as the log of its variance's factor. Only their
 * differences matter: the overall variance is found in closed form.
 */
export interface Weights {
  views: number[];
  noise: number;
}

/** A handful of measurements of one device. */
export interface Task {
  /** Of each view, the products of the rows with each other: `size`² values. */
  kernels: Float64Array[];
  size: number;
  /** On the scale, less their mean. */
  values: Float64Array;
  /** The shape of the noise (`noiseShape`). */
  noise: Float64Array;
  /** The share of sources on which each was not measured. */
  missing: Float64Array;
}

/** The prior variance of the mean, which is not known at all. */
export const vague = 1000;
const rest = views.indexOf('rest');

/** Products of rows of `described` with each other within each view that starts at `starts`. */
export function viewKernels({ rows, columns, values }: Table, starts: readonly number[]): Float64Array[] {
  return views.map((_, view) => {
    const [from = 0, to = 0] = [starts[view], starts[view + 1]];
    const kernel = new Float64Array(rows * rows);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j <= i; j++) {
        const product = dot(values, i * columns + from, values, j * columns + from, to - from);
        kernel[i * rows + j] = product;
        kernel[j * rows + i] = product;
      }
    return kernel;
  });
}

/** The variance of each measurement's noise, in units of the overall variance. */
export function noiseVariances({ noise, missing }: Pick<Task, 'noise' | 'missing'>, weights: Weights): Float64Array {
  const [level, unknown] = [Math.exp(weights.noise), Math.exp(weights.views[rest] as number)];
  return noise.map((shape, i) => level * shape + unknown * (missing[i] as number));
}

/** The covariance of a task's measurements under `weights`, in units of the overall variance. */
export function covariance(task: Task, weights: Weights): Float64Array {
  const { kernels, size } = task;
  const sum = new Float64Array(size * size).fill(vague);
  kernels.forEach((kernel, view) => {
    const factor = Math.exp(weights.views[view] as number);
    for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + factor * (kernel[at] as number);
  });
  noiseVariances(task, weights).forEach((own, i) => {
    sum[i * size + i] = (sum[i * size + i] as number) + own;
  });
  return sum;
}

/**
 * The log marginal likelihood of a task, the overall variance being set to what makes it largest (Rasmussen and
 * Williams, Gaussian Processes for Machine Learning, 5.4); -Infinity where the covariance is not positive definite.
 */
export function logEvidence(task: Task, weights: Weights): number {
  const { size, values } = task;
  const lower = covariance(task, weights);
  if (!cholesky(lower, size)) return Number.NEGATIVE_INFINITY;
  const solved = Float64Array.from(values);
  solveRows(lower, size, solved, 1);
  let logDeterminant = 0;
  for (let i = 0; i < size; i++) logDeterminant += 2 * Math.log(lower[i * size + i] as number);
  const variance = Math.max(dot(values, 0, solved, 0, size) / size, 1e-12);
  return -0.5 * size * Math.log(variance) - 0.5 * logDeterminant;
}
