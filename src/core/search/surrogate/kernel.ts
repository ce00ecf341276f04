import { type Features, squaredDistances } from './features.ts';

/**
 * A covariance of two candidates: what is additive in their features plus what only neighbours share,
 * 1 + Σ linear_g·⟨x_g, z_g⟩ + amplitude·exp(−Σ rates_g·|x_g − z_g|²) + shared·[x and z are of one kind].
 */
export interface Kernel {
  linear: readonly number[];
  rates: readonly number[];
  amplitude: number;
  shared: number;
  /** The variance of what no feature explains; it belongs to the candidate and is no error of measurement. */
  nugget: number;
}

/** The pairs of candidate `a` with each of `others`, and their squared distances: for each group an array over the pairs. */
export interface Pairs {
  features: Features;
  a: number;
  others: ArrayLike<number>;
  squared: readonly Float32Array[];
}

/** The pairs of candidate `a` with each of `others`. */
export const pairsWith = (features: Features, a: number, others: ArrayLike<number>): Pairs => ({
  ...{ features, a, others },
  squared: features.groups.map((_, g) => squaredDistances(features, g, a, others)),
});

/** The covariance of each pair, without the nugget. */
export function covariances({ linear, rates, amplitude, shared }: Kernel, pairs: Pairs): Float64Array {
  const { features, a, others, squared } = pairs;
  const { length } = others;
  const [exponents, result] = [new Float64Array(length), new Float64Array(length).fill(1)];
  for (const [g, { norms }] of features.groups.entries()) {
    const [distances, own] = [squared[g] as Float32Array, norms[a] as number];
    const [rate, half] = [rates[g] as number, 0.5 * (linear[g] as number)];
    for (let k = 0; k < length; k++) {
      const distance = distances[k] as number;
      exponents[k] = (exponents[k] as number) - rate * distance;
      // ⟨x, z⟩ = (|x|² + |z|² − |x − z|²) / 2
      result[k] = (result[k] as number) + half * (own + (norms[others[k] as number] as number) - distance);
    }
  }
  for (let k = 0; k < length; k++) {
    result[k] = (result[k] as number) + amplitude * Math.exp(exponents[k] as number);
  }
  const { kinds } = features;
  if (!kinds) return result;
  for (let k = 0; k < length; k++)
    if (kinds[others[k] as number] === kinds[a]) result[k] = (result[k] as number) + shared;
  return result;
}

/** The variance of candidate `a` before anything is measured, without the nugget. */
export const variance = ({ linear, amplitude, shared }: Kernel, { groups, kinds }: Features, a: number): number =>
  groups.reduce((sum, { norms }, g) => sum + (linear[g] ?? 0) * (norms[a] ?? 0), 1 + amplitude + (kinds ? shared : 0));
