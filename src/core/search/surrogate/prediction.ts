import { dot } from '../../linear-algebra/cholesky.ts';
import { type Features, squaredDistances } from './features.ts';
import { covariances, type Kernel, variance } from './kernel.ts';
import { forward, type Posterior } from './process.ts';

/** At most so many numbers are kept of distances: 64 MB. */
const mostKept = 16e6;

/** Squared distances of measured candidates from a selection of the pool, kept because every kernel needs them. */
export class Distances {
  readonly features: Features;
  readonly selection: Uint32Array;
  readonly #known = new Map<number, readonly Float32Array[]>();

  constructor(features: Features, selection: Uint32Array) {
    this.features = features;
    this.selection = selection;
  }

  /** An array a group. */
  from(of: number): readonly Float32Array[] {
    const known = this.#known.get(of);
    if (known) return known;
    const { features, selection } = this;
    const found = features.groups.map((_, g) => squaredDistances(features, g, of, selection));
    const [oldest] = this.#known.keys();
    const full = (this.#known.size + 1) * selection.length * features.groups.length > mostKept;
    if (full && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(of, found);
    return found;
  }

  /** The covariances of `of` with the selection, without the nugget. */
  covariances(kernel: Kernel, of: number): Float64Array {
    const { features, selection } = this;
    return covariances(kernel, { features, a: of, others: selection, squared: this.from(of) });
  }
}

/** Covariances of measured candidates with a selection of the pool under one kernel; each column is computed once. */
export class Columns {
  readonly kernel: Kernel;
  readonly distances: Distances;
  readonly #known = new Map<number, Float64Array>();

  constructor(kernel: Kernel, distances: Distances) {
    this.kernel = kernel;
    this.distances = distances;
  }

  /** The covariance of candidate `of` with each of the selection, without the nugget. */
  of(of: number): Float64Array {
    const known = this.#known.get(of);
    if (known) return known;
    const column = this.distances.covariances(this.kernel, of);
    this.#known.set(of, column);
    return column;
  }
}

/** The expected value of every candidate of the selection; `at` are the observations of the posterior. */
export function means(
  { weights }: Posterior,
  at: readonly number[],
  column: (of: number) => Float64Array,
): Float64Array {
  const columns = at.map(column);
  const result = new Float64Array(columns[0]?.length ?? 0);
  for (const [i, column] of columns.entries()) {
    const weight = weights[i] as number;
    for (let k = 0; k < result.length; k++) result[k] = (result[k] as number) + weight * (column[k] as number);
  }
  return result;
}

/**
 * How uncertain candidates are, and how much less so once some of them are taken to be measured: their values don't
 * matter for that.
 */
export class Uncertainty {
  /** The variance of each place, the nugget included: how far off its value may be. */
  readonly variances: Float64Array;
  readonly #columns: Columns;
  readonly #places: Uint32Array;
  readonly #stride: number;
  /** L⁻¹·k for each place, a row each: what is explained of it so far. */
  readonly #explained: Float64Array;
  #size: number;

  /** `places` in the selection of the columns; room for `more` that are taken to be measured. */
  constructor(posterior: Posterior, columns: Columns, at: readonly number[], places: Uint32Array, more: number) {
    const { kernel, size, lower } = posterior;
    const { features, selection } = columns.distances;
    this.#columns = columns;
    this.#places = places;
    this.#size = size;
    this.#stride = size + more;
    this.#explained = new Float64Array(places.length * this.#stride);
    this.variances = new Float64Array(places.length);
    const measured = at.map((one) => columns.of(one));
    for (let k = 0; k < places.length; k++) {
      const [place, row] = [places[k] as number, k * this.#stride];
      for (let i = 0; i < size; i++) this.#explained[row + i] = (measured[i] as Float64Array)[place] as number;
      forward(lower, size, this.#explained, row);
      const prior = variance(kernel, features, selection[place] as number);
      const left = prior - dot(this.#explained, row, this.#explained, row, size);
      this.variances[k] = Math.max(1e-9 * prior, left) + kernel.nugget;
    }
  }

  /** Takes the `chosen` of the places to be measured. */
  take(chosen: number): void {
    const own = chosen * this.#stride;
    const column = this.#columns.of(this.#columns.distances.selection[this.#places[chosen] as number] as number);
    const deviation = Math.sqrt(this.variances[chosen] as number);
    const found = Float64Array.from(this.variances, (_, k) => {
      const shared = dot(this.#explained, k * this.#stride, this.#explained, own, this.#size);
      return ((column[this.#places[k] as number] as number) - shared) / deviation;
    });
    for (const [k, value] of found.entries()) {
      this.#explained[k * this.#stride + this.#size] = value;
      this.variances[k] = Math.max(1e-12, (this.variances[k] as number) - value * value);
    }
    this.#size += 1;
  }
}
