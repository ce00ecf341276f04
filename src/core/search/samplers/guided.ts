import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Candidate } from '../../../api/candidate.ts';
import { canonical } from '../candidate.ts';
import { type Expectation, expectedFront } from '../expected-front.ts';
import type { Evaluated, Limits, Sampler } from '../sampler.ts';
import { randomCandidate, type Space } from '../space.ts';
import { drawNew } from './draw.ts';
import { evolutionSampler } from './evolution.ts';
import { neighbour } from './neighbour.ts';

/** Quality lost, beyond which a variant is hardly worth having where nobody says: a fiftieth, of one or of the base's loss. */
const tolerable = 0.02;
/** Every so many proposals one is next to what was measured to be good instead: it learns what nobody expected. */
const neighbourEvery = 3;

/** What became of a point of the expected front: good enough, too much lost, or not known yet. */
type Verdict = 'good' | 'bad' | 'unknown';

function verdictOf({ objectives }: Evaluated, most: number): Verdict {
  const [loss] = objectives ?? [];
  if (loss === undefined) return 'unknown';
  return loss <= most ? 'good' : 'bad';
}

/** Below this change of the outputs nobody can tell a difference (`outputChange`). */
const noChange = 1e-4;
/** Where a point stands along the front: changes of the outputs are told apart by their ratio. */
const position = ({ loss }: Expectation) => Math.log10(Math.max(loss, noChange));

/**
 * The middle of the stretch of the front where most is to be learnt: that between the last point which is good and the
 * first which is not counts double, and beyond a bad one nothing is to be had.
 */
function nextPlace(positions: readonly number[], verdicts: readonly (Verdict | undefined)[]): number | undefined {
  const known = [...verdicts.entries()].filter(([, verdict]) => verdict !== undefined).map(([place]) => place);
  const ends = [-1, ...known, verdicts.length];
  const stretches = ends.slice(1).map((to, i) => {
    const from = ends[i] ?? -1;
    const [low = 0, high = 0] = [positions[Math.max(0, from)], positions[Math.min(to, positions.length - 1)]];
    const ending = verdicts[from] === 'good' && verdicts[to] === 'bad' ? 2 : 1;
    const worth = verdicts[from] === 'bad' || to - from < 2 ? 0 : ending * (high - low);
    return { from, to, middle: (low + high) / 2, worth };
  });
  const { from, to, middle, worth } = stretches.reduce((a, b) => (b.worth > a.worth ? b : a));
  if (worth <= 0) return undefined;
  const inside = Array.from({ length: to - from - 1 }, (_, i) => from + 1 + i);
  const away = (place: number) => Math.abs((positions[place] ?? 0) - middle);
  return inside.reduce((a, b) => (away(b) < away(a) ? b : a));
}

/** The model in each precision and otherwise as it is: they tell most, and people ask for them. */
const plain = ({ precisions, engines, dimensions }: Space): Candidate[] =>
  precisions
    .filter((precision) => precision !== 'Mixed')
    .map((precision) => ({
      dimensions: Object.fromEntries(dimensions.map(({ name, choices }) => [name, Math.max(...choices)])),
      precision,
      engine: engines.at(-1) ?? { threads: 1, graphOptimization: 'All' },
    }));

function* alongFront(
  space: Space,
  history: readonly Evaluated[],
  front: readonly Expectation[],
  limits: Limits,
): Generator<Candidate> {
  const text = (candidate: Candidate) => canonical(candidate, space.dimensions);
  const made = new Map(history.map((one) => [text(one.candidate), one]));
  const base = history.find(({ candidate }) => Object.keys(candidate.dimensions).length === 0);
  const baseLoss = base?.objectives?.[0] ?? 0;
  const most = limits[0] ?? baseLoss + tolerable * Math.max(1, baseLoss);
  const verdicts = front.map(({ candidate }): Verdict | undefined => {
    const found = made.get(text(candidate));
    return found && verdictOf(found, most);
  });
  const positions = front.map(position);
  for (let place = nextPlace(positions, verdicts); place !== undefined; place = nextPlace(positions, verdicts)) {
    yield (front[place] as Expectation).candidate;
    verdicts[place] = 'unknown';
  }
}

/** What is proposed in turns with the bisection, and once that is at its end: called for one candidate after the other. */
export type Beside = (
  space: Space,
  history: readonly Evaluated[],
  count: number,
  seed: number,
  limits?: Limits,
) => () => Candidate | undefined;

/**
 * Along an expected front, which is not empty: the precisions alone, then bisection along it for where quality ends, in
 * turns with what `beside` proposes.
 */
export const guidedAlong =
  (front: readonly Expectation[], beside: Beside): Sampler =>
  (space, history, count, seed, limits = []) => {
    const start = plain(space);
    const bisected = alongFront(space, history, front, limits);
    const other = beside(space, history, count, seed, limits);
    let proposed = history.length;
    return drawNew(space, history, count, () => {
      const first = start.shift();
      if (first) return first;
      const next = ++proposed % neighbourEvery === 0 ? undefined : bisected.next().value;
      return next ?? other();
    });
  };

/** So many neighbours are tried, most of which may be made already, before chance goes on. */
const neighboursTried = 200;

/** Neighbours of the best; anyone while nothing is measured, and once there are no more of them. */
export const neighbours: Beside = (space, history, count, seed) => {
  const random = xoroshiro128plus(seed * 1_000_003 + history.length);
  let tried = 0;
  return () => {
    const next = tried++ < neighboursTried * count ? neighbour(space, history, random) : undefined;
    return next ?? randomCandidate(space, random);
  };
};

/**
 * Where an analysis says what to expect of each choice: the precisions alone, then bisection along the expected front
 * for where quality ends, in turns with neighbours of the best. Without an analysis it is evolution.
 */
export const guidedSampler: Sampler = (space, history, count, seed, limits) => {
  const front = expectedFront(space);
  const sampler = front.length === 0 ? evolutionSampler : guidedAlong(front, neighbours);
  return sampler(space, history, count, seed, limits);
};
