import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { front, type Objectives } from '../pareto.ts';
import type { Features } from './features.ts';
import { type Conditioned, conditioned, type Learnt, learn, type Measurements } from './model.ts';
import { Columns, Distances, means, poolMeans, Uncertainty } from './prediction.ts';
import { drawOthers, startingPoints } from './start.ts';
import { type Volume, volumeOf } from './volume.ts';
import { unwarped } from './warp.ts';

/** A candidate of the pool that was made; without objectives while it is measured, or when that failed. */
export interface PoolTrial {
  at: number;
  /** All are to be made small. */
  objectives?: Objectives;
  /** Standard errors of the objectives, where measuring again would give something else. */
  errors?: Objectives;
}

export interface Proposal {
  at: number;
  /** The hypervolume that it is expected to add, as a share of what is dominated; undefined before there is a model. */
  gain?: number;
}

export interface PoolOptions {
  /** How many are measured before a model decides. */
  start?: number;
  /** Beyond these a value is worth nothing, objective by objective: limits, or the corner of a hypervolume. */
  reference?: readonly (number | undefined)[];
}

/** What was learnt from the first trials: it is kept until there are a quarter more. */
interface Model {
  learnt: Learnt[];
  reference: number[];
  /** The candidates that may still add something, and some by chance. */
  selection: Uint32Array;
}

const growth = 1.25;
const [mostSelected, alsoByChance, mostJudged] = [1500, 250, 400];
/** More observations than these are thinned: the front and the latest are kept. */
const mostObservations = 250;

const byChance = (seed: number, trials: number) => xoroshiro128plus(seed * 1_000_003 + trials);

/** The largest step of the schedule that `count` trials reach. */
function checkpoint(start: number, count: number): number {
  let step = start;
  for (let next = start; next <= count; next = Math.ceil(next * growth)) {
    step = next;
    if (Math.ceil(next * growth) === next) break;
  }
  return step;
}

/** The trials that a model is conditioned on: all of them, or the front, the latest and an even share of the others. */
function thinned(measured: readonly PoolTrial[]): readonly PoolTrial[] {
  if (measured.length <= mostObservations) return measured;
  const kept = new Set(front(measured.map(({ objectives }) => objectives ?? [])).slice(0, mostObservations / 2));
  for (let i = measured.length - 1; kept.size < (3 * mostObservations) / 4; i--) kept.add(i);
  const left = mostObservations - kept.size;
  for (let i = 0; i < left; i++) kept.add(Math.floor((i * measured.length) / left));
  return measured.filter((_, i) => kept.has(i));
}

function measurementsOf(measured: readonly PoolTrial[]): Measurements[] {
  const at = measured.map((trial) => trial.at);
  return (measured[0]?.objectives ?? []).map((_, m) => ({
    at,
    values: measured.map(({ objectives }) => objectives?.[m] ?? 0),
    errors: measured.map(({ errors }) => errors?.[m] ?? 0),
  }));
}

const quantile = (values: Float64Array, share: number) => {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
};

/** How optimistic a first look at a candidate is, in deviations of what features don't explain. */
const optimism = ({ posterior }: Conditioned) => Math.sqrt(posterior.kernel.nugget + 0.05);

/** The places of the largest values above 0, at most `count`. */
function largest(values: Float64Array, count: number): Uint32Array {
  const places = Uint32Array.from(values, (_, k) => k).filter((k) => (values[k] as number) > 0);
  return places.sort((a, b) => (values[b] as number) - (values[a] as number)).subarray(0, count);
}

/** What each would add if it were better than expected by the optimism; 0 for those that are made. */
function hopes(
  volume: Volume,
  of: readonly Conditioned[],
  expected: readonly Float64Array[],
  taken: (k: number) => boolean,
) {
  const bold = of.map(optimism);
  const result = new Float64Array(expected[0]?.length ?? 0);
  for (let k = 0; k < result.length; k++) {
    if (taken(k)) continue;
    const point = of.map(({ warp }, m) => unwarped(warp, (expected[m]?.[k] ?? 0) - (bold[m] ?? 0)));
    result[k] = volume.improvement(point);
  }
  return result;
}

/**
 * Bayesian optimisation of several objectives over a finite pool: a Gaussian process an objective, the largest expected
 * gain of hypervolume, and for batches the belief that what was chosen will come out as expected. It decides from trials
 * and seed alone; what it keeps between calls only saves time.
 */
export class PoolSearch {
  readonly #features: Features;
  readonly #distances: Distances;
  readonly #start: number;
  readonly #reference: readonly (number | undefined)[];
  #kept: { key: string; model: Model | undefined; columns: Columns[] } | undefined;

  constructor(features: Features, { start = 5, reference = [] }: PoolOptions = {}) {
    this.#features = features;
    this.#distances = new Distances(features);
    this.#start = start;
    this.#reference = reference;
  }

  /** Up to `count` candidates that no trial has; fewer only when the pool is used up. */
  propose(trials: readonly PoolTrial[], count: number, seed: number): Proposal[] {
    const made = [...new Set(trials.map(({ at }) => at))];
    const measured = trials.filter(({ objectives }) => objectives !== undefined);
    const random = byChance(seed, trials.length);
    const model = measured.length >= this.#start ? this.#modelOf(measured, seed) : undefined;
    const proposals = model ? this.#best(model, trials, measured, count) : [];
    const left = count - proposals.length;
    if (left <= 0) return proposals;
    const known = [...made, ...proposals.map(({ at }) => at)];
    const more = startingPoints(this.#features, known.slice(-mostObservations), left, random);
    return [...proposals, ...more.filter((at) => !known.includes(at)).map((at) => ({ at }))];
  }

  #modelOf(measured: readonly PoolTrial[], seed: number): Model | undefined {
    const first = measured.slice(0, checkpoint(this.#start, measured.length));
    const key = JSON.stringify([seed, first]);
    if (this.#kept?.key !== key) this.#kept = { key, model: this.#learn(first, seed), columns: [] };
    return this.#kept.model;
  }

  #learn(first: readonly PoolTrial[], seed: number): Model | undefined {
    const features = this.#features;
    const used = thinned(first);
    const all = measurementsOf(used);
    const learnt = all.flatMap((one) => learn(features, one) ?? []);
    const found = learnt.flatMap((one, m) => conditioned(features, one, all[m] as Measurements) ?? []);
    if (found.length === 0 || found.length < all.length) return undefined;
    const at = used.map((trial) => trial.at);
    const expected = found.map(({ posterior }) => poolMeans(posterior, this.#distances, at));
    const reference = found.map(({ warp }, m) => {
      const values = Float64Array.from(expected[m] as Float64Array, (value) => unwarped(warp, value));
      const seen = Math.max(...(all[m] as Measurements).values);
      return (
        this.#reference[m] ??
        Math.min(
          seen,
          Math.max(quantile(values, 0.99), quantile(Float64Array.from((all[m] as Measurements).values), 0.8)),
        )
      );
    });
    const volume = volumeOf(
      first.map(({ objectives }) => objectives ?? []),
      reference,
    );
    const made = new Set(first.map((trial) => trial.at));
    const hopeful = largest(
      hopes(volume, found, expected, (k) => made.has(k)),
      mostSelected,
    );
    const others = drawOthers(features, new Set([...made, ...hopeful]), alsoByChance, byChance(seed, first.length));
    return { learnt, reference, selection: Uint32Array.from([...hopeful, ...others]) };
  }

  #best(model: Model, trials: readonly PoolTrial[], measured: readonly PoolTrial[], count: number): Proposal[] {
    const features = this.#features;
    const used = thinned(measured);
    const at = used.map((trial) => trial.at);
    const all = measurementsOf(used);
    const found = model.learnt.flatMap((one, m) => conditioned(features, one, all[m] as Measurements) ?? []);
    const { selection, reference } = model;
    if (found.length < all.length || selection.length === 0) return [];
    const kept = this.#kept;
    const columns = found.map(
      ({ posterior }, m) => kept?.columns[m] ?? new Columns(posterior.kernel, features, selection),
    );
    if (kept) kept.columns = columns;
    const expected = found.map(({ posterior }, m) => means(posterior, columns[m] as Columns, at));
    const made = new Set(trials.map((trial) => trial.at));
    const points = measured.map(({ objectives }) => [...(objectives ?? [])]);
    let volume = volumeOf(points, reference);
    const start = volume.volume;
    const hopeful = hopes(volume, found, expected, (k) => made.has(selection[k] as number));
    const judged = largest(hopeful, mostJudged);
    const chance = Uint32Array.from({ length: Math.min(100, selection.length) }, (_, i) => selection.length - 1 - i);
    const places = Uint32Array.from(new Set([...judged, ...chance.filter((k) => !made.has(selection[k] as number))]));
    const uncertain = found.map(
      ({ posterior }, m) => new Uncertainty(posterior, columns[m] as Columns, at, places, count),
    );
    const proposals: Proposal[] = [];
    const chosen = new Set<number>();
    while (proposals.length < Math.min(count, places.length)) {
      let [best, gain] = [-1, -1];
      for (let k = 0; k < places.length; k++) {
        if (chosen.has(k)) continue;
        const beliefs = found.map(({ warp }, m) => ({
          warp,
          mean: expected[m]?.[places[k] as number] ?? 0,
          deviation: Math.sqrt(uncertain[m]?.variances[k] ?? 0),
        }));
        const value = volume.expectedImprovement(beliefs);
        if (value > gain) [best, gain] = [k, value];
      }
      if (best < 0) break;
      chosen.add(best);
      const place = places[best] as number;
      proposals.push({ at: selection[place] as number, gain: gain / (start || 1) });
      points.push(found.map(({ warp }, m) => unwarped(warp, expected[m]?.[place] ?? 0)));
      if (proposals.length < count) {
        for (const one of uncertain) one.take(best);
        volume = volumeOf(points, reference);
      }
    }
    return proposals;
  }
}
