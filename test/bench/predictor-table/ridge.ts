import { cholesky, solveRows } from '../../../src/core/linear-algebra/cholesky.ts';
import type { Table } from '../../../src/core/linear-algebra/table.ts';

/** Penalties as shares of the mean square of a row. */
const penalties = [1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1, 3, 10];

function centred({ rows, columns, values }: Table): Float64Array {
  const result = Float64Array.from(values);
  for (let c = 0; c < columns; c++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += (values[i * columns + c] as number) / rows;
    for (let i = 0; i < rows; i++) result[i * columns + c] = (values[i * columns + c] as number) - mean;
  }
  return result;
}

/**
 * The peer: ridge regression of log latency on the columns of `table`, from the rows `picked`, with the penalty that
 * predicts each of them best from the others. Predictions for all rows.
 */
export function ridge(table: Table, picked: readonly number[], logs: Float64Array): Float64Array {
  const { rows, columns } = table;
  const n = picked.length;
  const values = centred(table);
  const product = (i: number, j: number) => {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += (values[i * columns + c] as number) * (values[j * columns + c] as number);
    return sum;
  };
  const kernel = Float64Array.from({ length: n * n }, (_, at) =>
    product(picked[Math.floor(at / n)] as number, picked[at % n] as number),
  );
  const size = picked.reduce((sum, _, k) => sum + (kernel[k * n + k] as number), 0) / n;
  const mean = logs.reduce((sum, log) => sum + log, 0) / n;
  let best = { error: Number.POSITIVE_INFINITY, dual: new Float64Array(n) };
  for (const penalty of penalties) {
    // The intercept is as good as free.
    const lower = kernel.map((value, at) => value + 1000 * size + (at % (n + 1) === 0 ? penalty * size : 0));
    if (!cholesky(lower, n)) continue;
    const sides = new Float64Array((n + 1) * n);
    for (let i = 0; i < n; i++) sides[i * n + i] = 1;
    sides.set(
      logs.map((log) => log - mean),
      n * n,
    );
    solveRows(lower, n, sides, n + 1);
    const dual = sides.slice(n * n);
    const error = dual.reduce((sum, a, i) => sum + (a / (sides[i * n + i] as number)) ** 2, 0);
    if (error < best.error) best = { error, dual };
  }
  const offset = 1000 * size * best.dual.reduce((sum, a) => sum + a, 0);
  const weights = new Float64Array(columns);
  picked.forEach((i, k) => {
    for (let c = 0; c < columns; c++)
      weights[c] = (weights[c] as number) + (best.dual[k] as number) * (values[i * columns + c] as number);
  });
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = mean + offset;
    for (let c = 0; c < columns; c++) sum += (values[i * columns + c] as number) * (weights[c] as number);
    return sum;
  });
}
