import { type Features, squaredDistances } from './features.ts';

/**
 * A covariance of two candidates: what is additive in their features plus what only neighbours share,
 * 1 + Σ linear_g·⟨x_g, z_g⟩ + amplitude·exp(−Σ rates_g·|x_g − z_g|²).
 */
export interface Kernel {
  linear: readonly number[];
  rates: readonly number[];
  amplitude: number;
  /** The variance of what no feature explains; it belongs to the candidate and is no error of measurement. */
  nugget: number;
}

/** Distances from measured candidates to the whole pool, each computed once. */
export class Distances {
  readonly features: Features;
  readonly #known = new Map<number, readonly Float32Array[]>();

  constructor(features: Features) {
    this.features = features;
  }

  /** An array a group: the squared distances of candidate `of` from all. */
  from(of: number): readonly Float32Array[] {
    const known = this.#known.get(of);
    if (known) return known;
    const found = this.features.groups.map((_, group) => squaredDistances(this.features, group, of));
    this.#known.set(of, found);
    return found;
  }
}

/** The covariance of candidate `a` with each of `others` (indices), without the nugget. */
export function covariances(
  kernel: Kernel,
  distances: Distances,
  a: number,
  others: ArrayLike<number>,
  into: Float64Array,
  at = 0,
): void {
  const { groups } = distances.features;
  const from = distances.from(a);
  for (let k = 0; k < others.length; k++) {
    const b = others[k] as number;
    let exponent = 0;
    let sum = 1;
    for (let g = 0; g < groups.length; g++) {
      const squared = (from[g] as Float32Array)[b] as number;
      const { norms } = groups[g] as Features['groups'][number];
      exponent -= (kernel.rates[g] as number) * squared;
      // ⟨x, z⟩ = (|x|² + |z|² − |x − z|²) / 2
      sum += 0.5 * (kernel.linear[g] as number) * ((norms[a] as number) + (norms[b] as number) - squared);
    }
    into[at + k] = sum + kernel.amplitude * Math.exp(exponent);
  }
}

/** The variance of candidate `a` before anything is measured, without the nugget. */
export const variance = ({ linear, amplitude }: Kernel, { groups }: Features, a: number): number =>
  groups.reduce((sum, { norms }, g) => sum + (linear[g] ?? 0) * (norms[a] ?? 0), 1 + amplitude);
