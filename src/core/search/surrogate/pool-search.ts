import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Features } from './features.ts';
import { conditioned, type Measurements } from './model.ts';
import { hopes, largest, learnPool, type PoolModel } from './pool-model.ts';
import { Columns, Distances, means, Uncertainty } from './prediction.ts';
import { startingPoints } from './start.ts';
import { measurementsOf, type PoolTrial, thinned } from './trials.ts';
import { type Volume, volumeOf } from './volume.ts';
import { unwarped } from './warp.ts';

export interface Proposal {
  /** The candidate, by its index in the pool. */
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

/** A model, and what was computed with it. */
interface Kept {
  key: string;
  model: PoolModel | undefined;
  distances: Distances;
  columns: Columns[];
}

const growth = 1.25;
/** Candidates whose expected gain is computed: the most hopeful, and some by chance. */
const [mostJudged, judgedByChance] = [400, 100];

/** The largest step of the schedule that `count` trials reach: each is a quarter more than the one before. */
function checkpoint(start: number, count: number): number {
  let step = Math.max(1, start);
  for (let next = step; next <= count; next = Math.max(next + 1, Math.ceil(next * growth))) step = next;
  return step;
}

interface Judged {
  k: number;
  gain: number;
}

/**
 * Takes the one that gains most out of the list. A gain only falls as more is believed to be measured, so one that is
 * largest after it was looked at again is so for certain (the lazy greedy choice of Minoux 1978).
 */
function best(left: Judged[], again: (one: Judged) => number): Judged {
  left.sort((a, b) => a.gain - b.gain);
  for (let tries = left.length; tries > 0; tries--) {
    const top = left.pop() as Judged;
    const judged = { ...top, gain: again(top) };
    if (judged.gain >= (left.at(-1)?.gain ?? 0)) return judged;
    const place = left.findIndex(({ gain }) => gain >= judged.gain);
    left.splice(place < 0 ? left.length : place, 0, judged);
  }
  return left.pop() as Judged;
}

/**
 * Bayesian optimisation of several objectives over a finite pool: a Gaussian process an objective, the largest expected
 * gain of hypervolume, and for batches the belief that what was chosen will come out as expected (Ginsbourger, Le Riche
 * and Carraro 2010). It decides from trials and seed alone; what it keeps between calls only saves time.
 */
export class PoolSearch {
  readonly #features: Features;
  readonly #pool: Distances;
  readonly #start: number;
  readonly #reference: readonly (number | undefined)[];
  #kept: Kept | undefined;

  constructor(features: Features, { start = 5, reference = [] }: PoolOptions = {}) {
    this.#features = features;
    this.#pool = new Distances(
      features,
      Uint32Array.from({ length: features.count }, (_, i) => i),
    );
    this.#start = start;
    this.#reference = reference;
  }

  /** Up to `count` candidates that no trial has; fewer only when the pool is used up. */
  propose(trials: readonly PoolTrial[], count: number, seed: number): Proposal[] {
    const measured = trials.filter(({ objectives }) => objectives !== undefined);
    const kept = measured.length >= this.#start ? this.#modelOf(measured, seed) : undefined;
    const proposals = kept?.model ? this.#best(kept.model, kept, trials, measured, count) : [];
    const left = count - proposals.length;
    if (left <= 0) return proposals;
    const random = xoroshiro128plus(seed * 1_000_003 + trials.length);
    const known = [...new Set([...trials, ...proposals].map(({ at }) => at))];
    const more = startingPoints(this.#features, known, left, random);
    return [...proposals, ...more.map((at) => ({ at }))];
  }

  #modelOf(measured: readonly PoolTrial[], seed: number): Kept {
    const first = measured.slice(0, checkpoint(this.#start, measured.length));
    const key = JSON.stringify([seed, first]);
    if (this.#kept?.key === key) return this.#kept;
    const random = xoroshiro128plus(seed * 1_000_003 + first.length);
    const model = learnPool(this.#features, this.#pool, first, this.#reference, random);
    const whole = model?.selection === this.#pool.selection;
    const distances = whole ? this.#pool : new Distances(this.#features, model?.selection ?? new Uint32Array(0));
    this.#kept = { key, model, distances, columns: [] };
    return this.#kept;
  }

  #best(
    { learnt, reference, selection }: PoolModel,
    kept: Kept,
    trials: readonly PoolTrial[],
    measured: readonly PoolTrial[],
    count: number,
  ): Proposal[] {
    const used = thinned(measured);
    const at = used.map((trial) => trial.at);
    const all = measurementsOf(used);
    const found = learnt.flatMap((one, m) => conditioned(this.#features, one, all[m] as Measurements) ?? []);
    if (found.length < all.length || selection.length === 0) return [];
    if (kept.columns.length === 0) {
      kept.columns = found.map(({ posterior }) => new Columns(posterior.kernel, kept.distances));
    }
    const { columns } = kept;
    const expected = found.map(({ posterior }, m) => means(posterior, at, (of) => (columns[m] as Columns).of(of)));
    const believed = (place: number) => found.map(({ warp }, m) => unwarped(warp, expected[m]?.[place] ?? 0));

    const made = new Set(trials.map((trial) => trial.at));
    const taken = (place: number) => made.has(selection[place] as number);
    const points = measured.map(({ objectives }) => [...(objectives ?? [])]);
    const start = volumeOf(points, reference);
    const hopeful = largest(hopes(start, found, expected, taken), mostJudged);
    const last = Array.from({ length: Math.min(judgedByChance, selection.length) }, (_, i) => selection.length - 1 - i);
    const places = Uint32Array.from(new Set([...hopeful, ...last.filter((place) => !taken(place))]));
    const uncertain = found.map(({ posterior }, m) => {
      return new Uncertainty(posterior, columns[m] as Columns, at, places, count);
    });

    const gainOf = (volume: Volume, k: number) => {
      const place = places[k] as number;
      const beliefs = found.map(({ warp }, m) => ({
        warp,
        mean: (expected[m] as Float64Array)[place] as number,
        deviation: Math.sqrt(uncertain[m]?.variances[k] as number),
      }));
      return volume.expectedImprovement(beliefs);
    };
    const proposals: Proposal[] = [];
    const left = Array.from(places, (_, k) => ({ k, gain: gainOf(start, k) }));
    for (let volume = start; proposals.length < count && left.length > 0; volume = volumeOf(points, reference)) {
      const { k, gain } =
        proposals.length === 0 ? best(left, ({ gain }) => gain) : best(left, ({ k }) => gainOf(volume, k));
      const place = places[k] as number;
      proposals.push({ at: selection[place] as number, gain: gain / (start.volume || 1) });
      points.push(believed(place));
      for (const one of uncertain) one.take(k);
    }
    return proposals;
  }
}
