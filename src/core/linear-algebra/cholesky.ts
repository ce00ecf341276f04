/** Square matrices are row-major Float64Arrays; inner loops run along rows, which keeps them in cache. */

/** Of `length` values from `from` in `a` and from `at` in `b`. */
export function dot(a: Float64Array, from: number, b: Float64Array, at: number, length: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s += (a[from + k] as number) * (b[at + k] as number);
    t += (a[from + k + 1] as number) * (b[at + k + 1] as number);
    u += (a[from + k + 2] as number) * (b[at + k + 2] as number);
    v += (a[from + k + 3] as number) * (b[at + k + 3] as number);
  }
  for (; k < length; k++) s += (a[from + k] as number) * (b[at + k] as number);
  return s + t + u + v;
}

/** Adds `factor` times `length` values of `source` from `from` to those of `target` from `at`. */
export function addScaled(
  target: Float64Array,
  at: number,
  factor: number,
  source: Float64Array,
  from: number,
  length: number,
): void {
  for (let k = 0; k < length; k++) target[at + k] = (target[at + k] as number) + factor * (source[from + k] as number);
}

/** The lower triangle L with L·Lᵀ = `matrix` of `size`², in place of it; false where that is not positive definite. */
export function cholesky(matrix: Float64Array, size: number): boolean {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const rest = (matrix[i * size + j] as number) - dot(matrix, i * size, matrix, j * size, j);
      matrix[i * size + j] = rest / (matrix[j * size + j] as number);
    }
    const pivot = (matrix[i * size + i] as number) - dot(matrix, i * size, matrix, i * size, i);
    if (!(pivot > 0) || !Number.isFinite(pivot)) return false;
    matrix[i * size + i] = Math.sqrt(pivot);
  }
  return true;
}

/** Solves L·Lᵀ·x = b for each of `rows` right sides, which stand as rows of `size` and are replaced by the solutions. */
export function solveRows(lower: Float64Array, size: number, sides: Float64Array, rows: number): void {
  for (let row = 0; row < rows; row++) {
    const at = row * size;
    for (let i = 0; i < size; i++) {
      const rest = (sides[at + i] as number) - dot(lower, i * size, sides, at, i);
      sides[at + i] = rest / (lower[i * size + i] as number);
    }
    for (let i = size - 1; i >= 0; i--) {
      const value = (sides[at + i] as number) / (lower[i * size + i] as number);
      sides[at + i] = value;
      addScaled(sides, at, -value, lower, i * size, i);
    }
  }
}
