import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Features } from './features.ts';
import { type Conditioned, conditioned, type Learnt, learn, type Measurements } from './model.ts';
import { type Distances, means } from './prediction.ts';
import { drawOthers } from './start.ts';
import { measurementsOf, type PoolTrial, thinned } from './trials.ts';
import { type Volume, volumeOf } from './volume.ts';
import { unwarped } from './warp.ts';

/** What is learnt from the first trials, and kept until there are a quarter more. */
export interface PoolModel {
  learnt: Learnt[];
  /** The corner that hypervolumes are seen from. */
  reference: number[];
  /** The candidates that may still add something, and some by chance. */
  selection: Uint32Array;
}

/** Pools up to this size are judged whole. */
const mostSelected = 1750;
const alsoByChance = 250;

/** How optimistic a first look at a candidate is, on the warped scale. */
const optimism = ({ posterior }: Conditioned) => Math.sqrt(posterior.kernel.nugget + 0.05);

/** What each would add if it were better than expected by the optimism; 0 for those that are taken. */
export function hopes(
  volume: Volume,
  of: readonly Conditioned[],
  expected: readonly Float64Array[],
  taken: (place: number) => boolean,
): Float64Array {
  const bold = of.map(optimism);
  const result = new Float64Array(expected[0]?.length ?? 0);
  const point = of.map(() => 0);
  for (let k = 0; k < result.length; k++) {
    if (taken(k)) continue;
    for (const [m, { warp }] of of.entries()) {
      point[m] = unwarped(warp, ((expected[m] as Float64Array)[k] as number) - (bold[m] as number));
    }
    result[k] = volume.improvement(point);
  }
  return result;
}

/** The places of the largest values above 0, at most `count`. */
export function largest(values: Float64Array, count: number): Uint32Array {
  const places = Uint32Array.from(values.keys()).filter((k) => (values[k] as number) > 0);
  return places.sort((a, b) => (values[b] as number) - (values[a] as number)).subarray(0, count);
}

function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Where nearly all of the pool is expected to be better, and most of what was seen; never beyond what was seen. */
function corner({ warp }: Conditioned, { values }: Measurements, expected: Float64Array): number {
  const all = Float64Array.from(expected, (value) => unwarped(warp, value));
  const seen = Float64Array.from(values);
  return Math.min(quantile(seen, 1), Math.max(quantile(all, 0.99), quantile(seen, 0.8)));
}

/**
 * Learns from the first trials. `pool` holds the distances from the whole pool; `fixed` the corner, where it is known.
 * Undefined where no kernel explains them.
 */
export function learnPool(
  features: Features,
  pool: Distances,
  first: readonly PoolTrial[],
  fixed: readonly (number | undefined)[],
  random: RandomGenerator,
): PoolModel | undefined {
  const used = thinned(first);
  const all = measurementsOf(used);
  const learnt = all.flatMap((one) => learn(features, one) ?? []);
  if (learnt.length === 0 || learnt.length < all.length) return undefined;
  const known = all.map((_, m) => fixed[m]).filter((one) => one !== undefined);
  const made = new Set(first.map((trial) => trial.at));
  if (known.length === all.length && features.count - made.size <= mostSelected) {
    return { learnt, reference: known, selection: pool.selection.filter((at) => !made.has(at)) };
  }
  const found = learnt.flatMap((one, m) => conditioned(features, one, all[m] as Measurements) ?? []);
  if (found.length < all.length) return undefined;
  const at = used.map((trial) => trial.at);
  const expected = found.map(({ posterior }) => means(posterior, at, (of) => pool.covariances(posterior.kernel, of)));
  const reference = found.map((one, m) => fixed[m] ?? corner(one, all[m] as Measurements, expected[m] as Float64Array));
  if (features.count <= mostSelected) return { learnt, reference, selection: pool.selection };
  const volume = volumeOf(
    first.map(({ objectives }) => objectives ?? []),
    reference,
  );
  const hopeful = largest(
    hopes(volume, found, expected, (k) => made.has(k)),
    mostSelected - alsoByChance,
  );
  const others = drawOthers(features, new Set([...made, ...hopeful]), alsoByChance, random);
  return { learnt, reference, selection: Uint32Array.from([...hopeful, ...others]) };
}
