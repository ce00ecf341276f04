import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inverse, Matrix } from 'ml-matrix';
import { cholesky, solveRows } from './cholesky.ts';
import { pickColumns } from './column-subset.ts';

/** F·Fᵀ of `size`² with a factor of `rank` columns. */
const gram = (size: number, rank: number, ridge = 0) =>
  fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: size * rank, maxLength: size * rank })
    .map((values) => {
      const factor = Matrix.from1DArray(size, rank, values);
      return factor.mmul(factor.transpose()).add(Matrix.eye(size, size).mul(ridge));
    });
const rowsOf = (matrix: Matrix) => Float64Array.from(matrix.to1DArray());

test('the factor gives back the matrix, and solves what the inverse solves', () => {
  const cases = fc
    .integer({ min: 1, max: 13 })
    .chain((size) => fc.tuple(gram(size, size, 0.1), fc.integer({ min: 1, max: 7 })));
  fc.assert(
    fc.property(cases, ([matrix, rows]) => {
      const size = matrix.rows;
      const lower = rowsOf(matrix);
      assert.ok(cholesky(lower, size));
      const triangle = new Matrix(size, size);
      for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) triangle.set(i, j, lower[i * size + j] ?? 0);
      assert.ok(triangle.mmul(triangle.transpose()).sub(matrix).norm() < 1e-9);
      const sides = Matrix.zeros(rows, size);
      for (let i = 0; i < rows; i++) for (let j = 0; j < size; j++) sides.set(i, j, Math.sin(i * size + j));
      const solved = rowsOf(sides);
      solveRows(lower, size, solved, rows);
      const expected = sides.mmul(inverse(matrix));
      assert.ok(Matrix.from1DArray(rows, size, solved).sub(expected).norm() < 1e-7 * (1 + expected.norm()));
    }),
    { seed: 1 },
  );
});

test('a matrix that is not positive definite is refused', () => {
  assert.equal(cholesky(Float64Array.of(1, 2, 2, 1), 2), false);
  assert.equal(cholesky(Float64Array.of(Number.NaN), 1), false);
  assert.equal(cholesky(new Float64Array(36), 6), false);
});

/** What of the diagonal the picked entries leave unexplained, by the definition. */
function unexplained(matrix: Matrix, picked: number[]): number[] {
  const all = [...Array(matrix.rows).keys()];
  if (picked.length === 0) return all.map((i) => matrix.get(i, i));
  const across = matrix.subMatrixColumn(picked);
  const explained = across.mmul(inverse(matrix.selection(picked, picked))).mmul(across.transpose());
  return all.map((i) => matrix.get(i, i) - explained.get(i, i));
}

test('each pick is the entry that those before leave least explained, in blocks and beyond', () => {
  const cases = fc.constantFrom(5, 12, 70).chain((size) => gram(size, size, 0.05));
  fc.assert(
    fc.property(cases, (matrix) => {
      const size = matrix.rows;
      const diagonal = Float64Array.from({ length: size }, (_, i) => matrix.get(i, i));
      const items = Int32Array.from({ length: size }, (_, i) => i);
      const count = Math.ceil(size * 0.8);
      const order = pickColumns([{ size, matrix: rowsOf(matrix), diagonal, items }], size, count);
      assert.equal(new Set(order).size, count);
      for (let step = 0; step < count; step += 7) {
        const left = unexplained(matrix, order.slice(0, step));
        const open = [...items].filter((item) => !order.slice(0, step).includes(item));
        const best = Math.max(...open.map((item) => left[item] ?? 0));
        assert.ok((left[order[step] ?? 0] ?? 0) > best - 1e-4, `step ${step}`);
      }
    }),
    { seed: 2, numRuns: 30 },
  );
});

test('entries that others make up are left out, equals go by their order', () => {
  const factor = new Matrix([
    [1, 0],
    [0, 1],
    [1, 1],
    [0, 0],
    [2, -1],
  ]);
  const matrix = factor.mmul(factor.transpose());
  const diagonal = Float64Array.from(matrix.diagonal());
  const one = { size: 5, matrix: rowsOf(matrix), diagonal, items: Int32Array.of(0, 1, 2, 3, 4) };
  assert.deepEqual(pickColumns([one], 5, 2), [4, 2]);
  assert.equal(pickColumns([one], 5, 5).at(-1), 3);
  const alike = {
    size: 4,
    matrix: undefined,
    diagonal: Float64Array.of(1, 1, 1, 1),
    items: Int32Array.of(0, 1, 0, -1),
  };
  assert.deepEqual(pickColumns([alike], 3, 3), [0, 1, 2]);
});
