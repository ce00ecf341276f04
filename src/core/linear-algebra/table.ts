/** Numbers in rows and columns, row after row. */
export interface Table {
  rows: number;
  columns: number;
  /** `rows` x `columns` values. */
  values: Float64Array;
}

export const table = (rows: number, columns: number): Table => ({
  rows,
  columns,
  values: new Float64Array(rows * columns),
});

/** A table of rows that are all of one length. */
export const tableOf = (rows: readonly (readonly number[])[]): Table => ({
  ...{ rows: rows.length, columns: rows[0]?.length ?? 0, values: Float64Array.from(rows.flat()) },
});

/** The rows of `from` that `picked` names, in its order. */
export function pickRows(from: Table, picked: ArrayLike<number>): Table {
  const { columns } = from;
  const result = table(picked.length, columns);
  for (let i = 0; i < picked.length; i++) {
    const start = (picked[i] as number) * columns;
    result.values.set(from.values.subarray(start, start + columns), i * columns);
  }
  return result;
}
