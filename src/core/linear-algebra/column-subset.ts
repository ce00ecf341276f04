import { dot } from './cholesky.ts';

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

/**
 * What is explained on the positions seen may not be elsewhere: it counts this share of its variance, so that what varies
 * most stays among the explained, and what does not vary at all goes first.
 */
const worth = 1e-6;

/** The pivoted Cholesky factor of a covariance, as far as items are picked. */
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
    for (const entry of this.entries[item] ?? []) {
      sum += (this.left[entry] as number) + worth * (this.#residuals.diagonal[entry] as number);
    }
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
    this.left[entry] = 0;
    for (let row = 0; row < size; row++) {
      // What is picked is explained: its row is not needed any more.
      if (this.left[row] === 0) continue;
      const rest = (matrix[entry * size + row] as number) - dot(columns, row * stride, columns, entry * stride, rank);
      const value = rest / root;
      columns[row * stride + rank] = value;
      this.left[row] = Math.max(0, (this.left[row] as number) - value * value);
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
