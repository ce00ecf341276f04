import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Candidate } from '../../../api/candidate.ts';
import { canonical } from '../candidate.ts';
import { expectedFront } from '../expected-front.ts';
import type { Evaluated, Sampler } from '../sampler.ts';
import type { Space } from '../space.ts';
import { PoolSearch, type Proposal } from '../surrogate/pool-search.ts';
import { spaceFeatures } from '../surrogate/space-features.ts';
import { poolOf } from '../surrogate/space-pool.ts';
import { evolutionSampler } from './evolution.ts';
import { type Beside, guidedAlong, neighbours } from './guided.ts';

/** Measured candidates before a model decides. */
const fewestMeasured = 8;
/** The same beside a bisection, which knows better at first. */
const fewestBesideBisection = 12;

/** Values at which nothing is worth having any more: a tenth of quality lost, twice the base's latency. */
function corner(history: readonly Evaluated[]): number[] | undefined {
  const base = history.find(({ candidate }) => Object.keys(candidate.dimensions).length === 0);
  const [loss, ...latencies] = base?.objectives ?? [];
  if (loss === undefined) return undefined;
  return [loss + 0.1 * Math.max(1, Math.abs(loss)), ...latencies.map((latency) => 2 * latency)];
}

interface Found extends Omit<Proposal, 'at'> {
  candidate: Candidate;
}

/** What a model of the measured candidates proposes; nothing while there are too few of them. */
function modelled(space: Space, history: readonly Evaluated[], count: number, seed: number): Found[] {
  const fewest = space.dimensions.some(({ expected }) => expected) ? fewestBesideBisection : fewestMeasured;
  const widths = new Set(history.flatMap(({ objectives }) => (objectives ? [objectives.length] : [])));
  const measured = history.filter(({ objectives }) => objectives?.every(Number.isFinite));
  if (measured.length < fewest || widths.size !== 1) return [];
  const pool = poolOf(space, history, xoroshiro128plus(seed * 1_000_003 + history.length));
  const [texts, candidates] = [[...pool.keys()], [...pool.values()]];
  const places = new Map(texts.map((text, at) => [text, at]));
  const trials = history.map(({ candidate, objectives, errors }) => ({
    at: places.get(canonical(candidate, space.dimensions)) ?? 0,
    ...(objectives?.every(Number.isFinite) && { objectives, errors }),
  }));
  const search = new PoolSearch(spaceFeatures(space, candidates), {
    start: fewest,
    reference: corner(history),
  });
  return search.propose(trials, count, seed).map(({ at, gain }) => ({ candidate: candidates[at] as Candidate, gain }));
}

/** What the model proposes, then neighbours of the best. */
const modelThenNeighbours: Beside = (space, history, count, seed) => {
  const found = modelled(space, history, count, seed);
  const further = neighbours(space, history, count, seed);
  return () => found.shift()?.candidate ?? further();
};

/**
 * Bayesian optimisation: a Gaussian process for each objective, and the candidates that should add the most hypervolume.
 * Where an analysis says what to expect, in turns with the bisection along the expected front; elsewhere it begins as
 * evolution does.
 */
export const surrogateSampler: Sampler = (space, history, count, seed) => {
  const front = expectedFront(space);
  if (front.length > 0) return guidedAlong(front, modelThenNeighbours)(space, history, count, seed);
  const found = modelled(space, history, count, seed).map(({ candidate }) => candidate);
  if (found.length >= count) return found;
  const made = [...history, ...found.map((candidate) => ({ candidate }))];
  return [...found, ...evolutionSampler(space, made, count - found.length, seed)];
};

/**
 * By what share of the present hypervolume the next `count` candidates should raise it: what a search that would rather
 * end than gain less compares with. Undefined while too few are measured to say.
 */
export function expectedGain(
  space: Space,
  history: readonly Evaluated[],
  count: number,
  seed: number,
): number | undefined {
  const found = modelled(space, history, count, seed);
  if (found.every(({ gain }) => gain === undefined)) return undefined;
  return found.reduce((sum, { gain = 0 }) => sum + gain, 0);
}
