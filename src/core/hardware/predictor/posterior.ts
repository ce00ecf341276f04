import { cholesky, dot, solveRows } from '../../linear-algebra/cholesky.ts';
import type { Table } from '../../linear-algebra/table.ts';
import { views } from './design.ts';
import { covariance, type Task, vague, type Weights } from './evidence.ts';

/** What measurements say of any candidate. */
export interface Posterior {
  /** What all variances are multiplied with: found from the values. */
  variance: number;
  weights: Weights;
  /** Mean on the scale, and variance in units of the overall one without noise, of row `i` of a description. */
  predict(described: Table, i: number): { mean: number; unexplained: number };
}

/** A Gaussian process over views, given a task's measurements (Rasmussen and Williams, 2.2). */
export interface ProcessPosterior extends Posterior {
  /** The Cholesky factor of the covariance of the measurements. */
  lower: Float64Array;
  /** The covariance's inverse times the values. */
  solved: Float64Array;
}

/** The prior variance of each column. */
export function columnVariances(starts: readonly number[], weights: Weights): Float64Array {
  const variances = new Float64Array(starts.at(-1) ?? 0);
  views.forEach((_, view) => {
    variances.fill(Math.exp(weights.views[view] as number), starts[view], starts[view + 1]);
  });
  return variances;
}

/** Undefined where the covariance is not positive definite: the weights are out of any range then. */
export function posterior(
  task: Task,
  described: Table,
  starts: readonly number[],
  weights: Weights,
): ProcessPosterior | undefined {
  const { size, values } = task;
  const lower = covariance(task, weights);
  if (!cholesky(lower, size)) return undefined;
  const solved = Float64Array.from(values);
  solveRows(lower, size, solved, 1);
  const variances = columnVariances(starts, weights);
  // The measured rows, each column times its prior variance.
  const weighted = described.values.map((value, at) => value * (variances[at % described.columns] as number));
  const predict = ({ columns, values: rows }: Table, i: number) => {
    const start = i * columns;
    let [mean, unexplained] = [0, vague];
    for (let c = 0; c < columns; c++) unexplained += (variances[c] as number) * (rows[start + c] as number) ** 2;
    const forward = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      const product = vague + dot(rows, start, weighted, k * columns, columns);
      mean += product * (solved[k] as number);
      forward[k] = (product - dot(lower, k * size, forward, 0, k)) / (lower[k * size + k] as number);
      unexplained -= (forward[k] as number) ** 2;
    }
    return { mean, unexplained: Math.max(unexplained, 0) };
  };
  const variance = Math.max(dot(values, 0, solved, 0, size) / size, 1e-12);
  return { lower, solved, variance, weights, predict };
}

/**
 * What each measurement is predicted to be from the others, noise and all, in closed form (Rasmussen and Williams,
 * 5.4.2): mean, and variance in units of the overall one.
 */
export function leaveOneOut(
  { lower, solved }: ProcessPosterior,
  values: Float64Array,
): { mean: number; variance: number }[] {
  const size = values.length;
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  solveRows(lower, size, inverse, size);
  return Array.from(values, (value, i) => {
    const precision = inverse[i * size + i] as number;
    return { mean: value - (solved[i] as number) / precision, variance: 1 / precision };
  });
}
