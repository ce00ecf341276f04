/** Square matrices are row-major Float64Arrays; inner loops run along rows, which keeps them in cache. */

function dot(a: Float64Array, from: number, b: Float64Array, at: number, length: number): number {
  let [even, odd] = [0, 0];
  let k = 0;
  for (; k + 1 < length; k += 2) {
    even += (a[from + k] as number) * (b[at + k] as number);
    odd += (a[from + k + 1] as number) * (b[at + k + 1] as number);
  }
  if (k < length) even += (a[from + k] as number) * (b[at + k] as number);
  return even + odd;
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
      for (let k = 0; k < i; k++) sides[at + k] = (sides[at + k] as number) - value * (lower[i * size + k] as number);
    }
  }
}

/** A covariance whose entries belong to items: several may belong to one. */
export interface Residuals {
  size: number;
  /** `size`² values; undefined: only the diagonal is known, and entries don't explain each other. */
  matrix: Float64Array | undefined;
  diagonal: Float64Array;
  /** The item of each entry; -1 is none. */
  items: Int32Array;
}

/** What is left of an entry's variance counts as explained below this share of what it was. */
const explained = 1e-9;

/** One column more of the pivoted factor of a covariance. */
class Factor {
  readonly left: Float64Array;
  readonly entries: readonly number[][];
  readonly #residuals: Residuals;
  readonly #columns: Float64Array;
  readonly #stride: number;
  #rank = 0;

  constructor(residuals: Residuals, items: number, picked: number) {
    this.#residuals = residuals;
    this.left = Float64Array.from(residuals.diagonal);
    const entries: number[][] = Array.from({ length: items }, () => []);
    residuals.items.forEach((item, entry) => {
      entries[item]?.push(entry);
    });
    this.entries = entries;
    const most = Math.max(0, ...entries.map(({ length }) => length));
    this.#stride = Math.min(residuals.size, picked * most);
    this.#columns = new Float64Array(residuals.matrix ? residuals.size * this.#stride : 0);
  }

  /** What of an item's variance the items picked so far don't explain. */
  residual(item: number): number {
    let sum = 0;
    for (const entry of this.entries[item] ?? []) sum += Math.max(0, this.left[entry] as number);
    return sum;
  }

  pick(item: number): void {
    for (const entry of this.entries[item] ?? []) this.#pivot(entry);
  }

  #pivot(entry: number): void {
    const { size, matrix, diagonal } = this.#residuals;
    const left = this.left[entry] as number;
    if (!matrix) this.left[entry] = 0;
    if (!matrix || left <= explained * (diagonal[entry] as number) || this.#rank === this.#stride) return;
    const [columns, stride, rank, root] = [this.#columns, this.#stride, this.#rank++, Math.sqrt(left)];
    for (let row = 0; row < size; row++) {
      const rest = (matrix[entry * size + row] as number) - dot(columns, row * stride, columns, entry * stride, rank);
      const value = rest / root;
      columns[row * stride + rank] = value;
      this.left[row] = (this.left[row] as number) - value * value;
    }
  }
}

/**
 * Picks `count` of `items` one by one, each time the one of which those before explain the least by least squares: the
 * diagonally pivoted Cholesky factorisation, or column-pivoted QR of the data (Businger and Golub 1965; Higham, Accuracy
 * and Stability of Numerical Algorithms, ch. 10), as greedy column subset selection. Over several covariances what is
 * unexplained is added up. Among equals the first counts.
 */
export function pickColumns(covariances: readonly Residuals[], items: number, count: number): number[] {
  const factors = covariances.map((each) => new Factor(each, items, count));
  const open = new Set(Array(items).keys());
  const picked: number[] = [];
  while (picked.length < count && open.size > 0) {
    let [best, most] = [-1, -1];
    for (const item of open) {
      const residual = factors.reduce((sum, factor) => sum + factor.residual(item), 0);
      if (residual > most) [best, most] = [item, residual];
    }
    if (best < 0) [best = -1] = open;
    open.delete(best);
    picked.push(best);
    for (const factor of factors) factor.pick(best);
  }
  return picked;
}
