import { cholesky, dot, solveRows } from '../../linear-algebra/cholesky.ts';
import { type Table, table } from '../../linear-algebra/table.ts';
import { views } from './design.ts';
import { covariance, type Task, vague, type Weights } from './evidence.ts';

/** A Gaussian process over views, given a task's measurements (Rasmussen and Williams, 2.2, in the space of weights). */
export interface Posterior {
  /** The measured rows, each column times its prior variance. */
  weighted: Table;
  variances: Float64Array;
  /** The Cholesky factor of the covariance. */
  lower: Float64Array;
  /** The covariance's inverse times the values. */
  solved: Float64Array;
  /** What all variances are multiplied with: found from the values. */
  variance: number;
  weights: Weights;
}

/** Undefined where the covariance is not positive definite: the weights are out of any range then. */
export function posterior(
  task: Task,
  described: Table,
  starts: readonly number[],
  weights: Weights,
): Posterior | undefined {
  const { size, values } = task;
  const lower = covariance(task, weights);
  if (!cholesky(lower, size)) return undefined;
  const solved = Float64Array.from(values);
  solveRows(lower, size, solved, 1);
  const variances = new Float64Array(described.columns);
  views.forEach((_, view) => {
    variances.fill(Math.exp(weights.views[view] as number), starts[view], starts[view + 1]);
  });
  const weighted = table(size, described.columns);
  for (let at = 0; at < weighted.values.length; at++)
    weighted.values[at] = (described.values[at] as number) * (variances[at % described.columns] as number);
  const variance = Math.max(dot(values, 0, solved, 0, size) / size, 1e-12);
  return { weighted, variances, lower, solved, variance, weights };
}

/** Mean, and variance in units of the overall one without noise, of row `i` of `described`. */
export function predictRow(
  { weighted, variances, lower, solved }: Posterior,
  { columns, values }: Table,
  i: number,
): { mean: number; unexplained: number } {
  const [size, start] = [solved.length, i * columns];
  let [mean, unexplained] = [0, vague];
  for (let c = 0; c < columns; c++) unexplained += (variances[c] as number) * (values[start + c] as number) ** 2;
  const forward = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    const product = vague + dot(values, start, weighted.values, k * columns, columns);
    mean += product * (solved[k] as number);
    forward[k] = (product - dot(lower, k * size, forward, 0, k)) / (lower[k * size + k] as number);
    unexplained -= (forward[k] as number) ** 2;
  }
  return { mean, unexplained: Math.max(unexplained, 0) };
}

/**
 * What each measurement is predicted to be from the others, noise and all, in closed form (Rasmussen and Williams,
 * 5.4.2): mean, and variance in units of the overall one.
 */
export function leaveOneOut({ lower, solved }: Posterior, values: Float64Array): { mean: number; variance: number }[] {
  const size = values.length;
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  solveRows(lower, size, inverse, size);
  return Array.from(values, (value, i) => {
    const precision = inverse[i * size + i] as number;
    return { mean: value - (solved[i] as number) / precision, variance: 1 / precision };
  });
}
