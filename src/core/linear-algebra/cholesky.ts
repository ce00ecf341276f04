/** Square matrices are row-major Float64Arrays; inner loops run along rows, and four rows share what they read. */

/** The product of `length` values from `from` in `a` with those from `at` in `b`. */
export function dot(a: Float64Array, from: number, b: Float64Array, at: number, length: number): number {
  let [even, odd] = [0, 0];
  let k = 0;
  for (; k + 1 < length; k += 2) {
    even += (a[from + k] as number) * (b[at + k] as number);
    odd += (a[from + k + 1] as number) * (b[at + k + 1] as number);
  }
  if (k < length) even += (a[from + k] as number) * (b[at + k] as number);
  return even + odd;
}

/** Solves L·x = b for the first `count` unknowns, of four right sides that start at `a`, `b`, `c`, `d` in `sides`. */
function forwardFour(
  lower: Float64Array,
  size: number,
  count: number,
  sides: Float64Array,
  [a, b, c, d]: readonly [number, number, number, number],
): void {
  for (let i = 0; i < count; i++) {
    let [s, t, u, v] = [0, 0, 0, 0];
    const row = i * size;
    for (let k = 0; k < i; k++) {
      const factor = lower[row + k] as number;
      s += factor * (sides[a + k] as number);
      t += factor * (sides[b + k] as number);
      u += factor * (sides[c + k] as number);
      v += factor * (sides[d + k] as number);
    }
    const pivot = lower[row + i] as number;
    sides[a + i] = ((sides[a + i] as number) - s) / pivot;
    sides[b + i] = ((sides[b + i] as number) - t) / pivot;
    sides[c + i] = ((sides[c + i] as number) - u) / pivot;
    sides[d + i] = ((sides[d + i] as number) - v) / pivot;
  }
}

/** Solves Lᵀ·x = b for four right sides. */
function backwardFour(
  lower: Float64Array,
  size: number,
  sides: Float64Array,
  [a, b, c, d]: readonly [number, number, number, number],
): void {
  for (let i = size - 1; i >= 0; i--) {
    const row = i * size;
    const pivot = lower[row + i] as number;
    const [s, t] = [(sides[a + i] as number) / pivot, (sides[b + i] as number) / pivot];
    const [u, v] = [(sides[c + i] as number) / pivot, (sides[d + i] as number) / pivot];
    sides[a + i] = s;
    sides[b + i] = t;
    sides[c + i] = u;
    sides[d + i] = v;
    for (let k = 0; k < i; k++) {
      const factor = lower[row + k] as number;
      sides[a + k] = (sides[a + k] as number) - factor * s;
      sides[b + k] = (sides[b + k] as number) - factor * t;
      sides[c + k] = (sides[c + k] as number) - factor * u;
      sides[d + k] = (sides[d + k] as number) - factor * v;
    }
  }
}

/** The lower triangle L with L·Lᵀ = `matrix` of `size`², in place of it; false where that is not positive definite. */
export function cholesky(matrix: Float64Array, size: number): boolean {
  for (let first = 0; first < size; first += 4) {
    const end = Math.min(first + 4, size);
    // A row of L solves L·x = the row of the matrix. The last block may be short: its rows are taken one by one.
    const whole = end - first === 4;
    if (whole) {
      const start = first * size;
      forwardFour(matrix, size, first, matrix, [start, start + size, start + 2 * size, start + 3 * size]);
    }
    for (let i = first; i < end; i++) {
      for (let j = whole ? first : 0; j < i; j++) {
        const rest = (matrix[i * size + j] as number) - dot(matrix, i * size, matrix, j * size, j);
        matrix[i * size + j] = rest / (matrix[j * size + j] as number);
      }
      const pivot = (matrix[i * size + i] as number) - dot(matrix, i * size, matrix, i * size, i);
      if (!(pivot > 0) || !Number.isFinite(pivot)) return false;
      matrix[i * size + i] = Math.sqrt(pivot);
    }
  }
  return true;
}

/** Solves L·Lᵀ·x = b for each of `rows` right sides, which stand as rows of `size` and are replaced by the solutions. */
export function solveRows(lower: Float64Array, size: number, sides: Float64Array, rows: number): void {
  for (let first = 0; first < rows; first += 4) {
    const count = Math.min(4, rows - first);
    const four = new Float64Array(4 * size);
    four.set(sides.subarray(first * size, (first + count) * size));
    const starts = [0, size, 2 * size, 3 * size] as const;
    forwardFour(lower, size, size, four, starts);
    backwardFour(lower, size, four, starts);
    sides.set(four.subarray(0, count * size), first * size);
  }
}
