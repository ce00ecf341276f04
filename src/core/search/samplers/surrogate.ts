import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Candidate } from '../../../api/candidate.ts';
import { canonical } from '../candidate.ts';
import { expectedFront } from '../expected-front.ts';
import type { Evaluated, Limits, Sampler } from '../sampler.ts';
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

/** How far beyond a limit something is still worth knowing: what was measured there tells where the limit is met. */
const beyond = 0.5;

/**
 * Values at which nothing is worth having any more: half again the loss that is allowed, and the limit of anything else;
 * where there is none a tenth of quality lost, and twice what the base takes.
 */
function corner(history: readonly Evaluated[], limits: Limits): number[] | undefined {
  const base = history.find(({ candidate }) => Object.keys(candidate.dimensions).length === 0);
  const [loss, ...costs] = base?.objectives ?? [];
  if (loss === undefined) return undefined;
  const [most = loss + (0.1 / (1 + beyond)) * Math.max(1, Math.abs(loss)), ...others] = limits;
  return [
    Math.max(most, most + beyond * (most - loss)),
    ...costs.map((cost, i) => Math.min(2 * cost, others[i] ?? Number.POSITIVE_INFINITY)),
  ];
}

interface Found extends Omit<Proposal, 'at'> {
  candidate: Candidate;
}

/** What a model of the measured candidates proposes; nothing while there are too few of them. */
function modelled(space: Space, history: readonly Evaluated[], count: number, seed: number, limits: Limits): Found[] {
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
    reference: corner(history, limits),
  });
  return search.propose(trials, count, seed).map(({ at, gain }) => ({ candidate: candidates[at] as Candidate, gain }));
}

/** What the model proposes, then neighbours of the best. */
const modelThenNeighbours: Beside = (space, history, count, seed, limits = []) => {
  const found = modelled(space, history, count, seed, limits);
  const further = neighbours(space, history, count, seed);
  return () => found.shift()?.candidate ?? further();
};

/**
 * Bayesian optimisation: a Gaussian process for each objective, and the candidates that should add the most hypervolume.
 * Where an analysis says what to expect, in turns with the bisection along the expected front; elsewhere it begins as
 * evolution does.
 */
export const surrogateSampler: Sampler = (space, history, count, seed, limits = []) => {
  const front = expectedFront(space);
  if (front.length > 0) return guidedAlong(front, modelThenNeighbours)(space, history, count, seed, limits);
  const found = modelled(space, history, count, seed, limits).map(({ candidate }) => candidate);
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
  limits: Limits = [],
): number | undefined {
  const found = modelled(space, history, count, seed, limits);
  if (found.every(({ gain }) => gain === undefined)) return undefined;
  return found.reduce((sum, { gain = 0 }) => sum + gain, 0);
}
