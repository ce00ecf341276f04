import { cholesky, dot, solveRows } from '../../linear-algebra/cholesky.ts';
import type { Table } from '../../linear-algebra/table.ts';
import { noiseVariances, vague, type Weights } from './evidence.ts';
import type { Observation } from './observation.ts';
import { columnVariances, type Posterior } from './posterior.ts';

/**
 * The same as the Gaussian process over the measurements, found as regression on the columns (Rasmussen and Williams,
 * 2.1): the time grows with the measurements and not with their cube. Undefined where it can't be solved.
 */
export function regression(observed: Observation, starts: readonly number[], weights: Weights): Posterior | undefined {
  const { described, values } = observed;
  const { rows, columns } = described;
  const noise = noiseVariances(observed, weights);
  // One column more, of ones, is the mean.
  const size = columns + 1;
  const lower = new Float64Array(size * size);
  columnVariances(starts, weights).forEach((variance, c) => {
    lower[c * size + c] = 1 / variance;
  });
  lower[size * size - 1] = 1 / vague;
  const solved = new Float64Array(size);
  const row = new Float64Array(size).fill(1);
  for (let i = 0; i < rows; i++) {
    row.set(described.values.subarray(i * columns, (i + 1) * columns));
    for (let c = 0; c < size; c++) {
      const weighted = (row[c] as number) / (noise[i] as number);
      if (weighted === 0) continue;
      solved[c] = (solved[c] as number) + weighted * (values[i] as number);
      for (let d = 0; d <= c; d++)
        lower[c * size + d] = (lower[c * size + d] as number) + weighted * (row[d] as number);
    }
  }
  for (let c = 0; c < size; c++) for (let d = 0; d < c; d++) lower[d * size + c] = lower[c * size + d] as number;
  if (!cholesky(lower, size)) return undefined;
  solveRows(lower, size, solved, 1);
  const meanOf = (table: Table, i: number) =>
    (solved[columns] as number) + dot(table.values, i * columns, solved, 0, columns);
  let squares = 0;
  for (let i = 0; i < rows; i++) {
    squares += ((values[i] as number) * ((values[i] as number) - meanOf(described, i))) / (noise[i] as number);
  }
  const predict = (table: Table, i: number) => {
    const forward = new Float64Array(size);
    let unexplained = 0;
    for (let c = 0; c < size; c++) {
      const value = c < columns ? (table.values[i * columns + c] as number) : 1;
      forward[c] = (value - dot(lower, c * size, forward, 0, c)) / (lower[c * size + c] as number);
      unexplained += (forward[c] as number) ** 2;
    }
    return { mean: meanOf(table, i), unexplained };
  };
  return { variance: Math.max(squares / rows, 1e-12), weights, predict };
}
