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

/** Squared distances and inner products of pairs of candidates: for each group an array over the pairs. */
export interface Pairs {
  squared: readonly Float32Array[];
  inner: readonly Float32Array[];
  /** 1 where both are of one kind. */
  alike?: Uint8Array;
}

/** The pairs of candidate `a` with each of `others`. */
export function pairsWith(features: Features, a: number, others: ArrayLike<number>): Pairs {
  return withInner(
    features,
    a,
    others,
    features.groups.map((_, g) => squaredDistances(features, g, a, others)),
  );
}

/** The pairs of candidate `a` with each of `others`, whose squared distances are known. */
export function withInner(
  features: Features,
  a: number,
  others: ArrayLike<number>,
  squared: readonly Float32Array[],
): Pairs {
  const inner = features.groups.map(({ norms }, g) => {
    const [distances, own] = [squared[g] as Float32Array, norms[a] as number];
    const result = new Float32Array(others.length);
    // ⟨x, z⟩ = (|x|² + |z|² − |x − z|²) / 2
    for (let k = 0; k < result.length; k++) {
      result[k] = 0.5 * (own + (norms[others[k] as number] as number) - (distances[k] as number));
    }
    return result;
  });
  const { kinds } = features;
  if (!kinds) return { squared, inner };
  const alike = new Uint8Array(others.length);
  for (let k = 0; k < alike.length; k++) alike[k] = kinds[others[k] as number] === kinds[a] ? 1 : 0;
  return { squared, inner, alike };
}

/** The covariance of each pair, without the nugget. */
export function covariances(
  { linear, rates, amplitude, shared }: Kernel,
  { squared, inner, alike }: Pairs,
): Float64Array {
  const length = squared[0]?.length ?? 0;
  const [exponents, result] = [new Float64Array(length), new Float64Array(length)];
  for (const [g, distances] of squared.entries()) {
    const products = inner[g] as Float32Array;
    const [rate, slope] = [rates[g] as number, linear[g] as number];
    for (let k = 0; k < length; k++) {
      exponents[k] = (exponents[k] as number) - rate * (distances[k] as number);
      result[k] = (result[k] as number) + slope * (products[k] as number);
    }
  }
  if (alike) for (let k = 0; k < length; k++) result[k] = (result[k] as number) + shared * (alike[k] as number);
  for (let k = 0; k < length; k++) {
    result[k] = 1 + (result[k] as number) + amplitude * Math.exp(exponents[k] as number);
  }
  return result;
}

/** The variance of candidate `a` before anything is measured, without the nugget. */
export const variance = ({ linear, amplitude, shared }: Kernel, { groups, kinds }: Features, a: number): number =>
  groups.reduce((sum, { norms }, g) => sum + (linear[g] ?? 0) * (norms[a] ?? 0), 1 + amplitude + (kinds ? shared : 0));
