import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Candidate } from '../../../api/candidate.ts';
import { crowding, ranks } from '../pareto.ts';
import type { Evaluated, Sampler } from '../sampler.ts';
import { cornerCandidate, pick, randomCandidate, type Space } from '../space.ts';
import { drawNew } from './draw.ts';

/** Measured candidates without which crossover has nothing to work on. */
const fewestParents = 6;
const mutationRate = 0.15;
/** Share of proposals that are random whatever has been found. */
const exploration = 0.1;

/** Corners of the space, most telling first: what precision does to the largest, what size does, then in between. */
function corners(space: Space): Candidate[] {
  const [first = 'FP32', ...others] = space.precisions;
  return [
    ...others.map((precision) => cornerCandidate(space, 1, precision)),
    cornerCandidate(space, 0, first),
    ...[0.5, 0].flatMap((share) => others.map((precision) => cornerCandidate(space, share, precision))),
    cornerCandidate(space, 0.5, first),
  ];
}

interface Parent extends Evaluated {
  rank: number;
  room: number;
}

const fitter = (a: Parent, b: Parent) => (a.rank - b.rank || b.room - a.room) <= 0;

function tournament(parents: Parent[], random: RandomGenerator): Candidate {
  const [a, b] = [pick(random, parents), pick(random, parents)];
  return (fitter(a, b) ? a : b).candidate;
}

/** Each choice from either parent, now and then a new one. */
function offspring(space: Space, parents: Parent[], random: RandomGenerator): Candidate {
  const [a, b, fresh] = [tournament(parents, random), tournament(parents, random), randomCandidate(space, random)];
  const from = <T>(x: T, y: T, mutated: T): T => {
    if (uniformFloat64(random) < mutationRate) return mutated;
    return uniformFloat64(random) < 0.5 ? x : y;
  };
  const dimensions = space.dimensions.map(({ name, choices }) => {
    const largest = Math.max(...choices);
    const choice = (candidate: Candidate) => candidate.dimensions[name] ?? largest;
    return [name, from(choice(a), choice(b), choice(fresh))];
  });
  return {
    dimensions: Object.fromEntries(dimensions),
    precision: from(a.precision, b.precision, fresh.precision),
    engine: from(a.engine, b.engine, fresh.engine),
  };
}

/**
 * NSGA-II's selection (Deb et al. 2002) over everything measured so far, with uniform crossover and mutation; begins
 * with the corners of the space. A steady state instead of generations, so that it proposes for any number of free
 * workers.
 */
export const evolutionSampler: Sampler = (space, history, count, seed) => {
  const random = xoroshiro128plus(seed * 1_000_003 + history.length);
  const measured = history.filter((one) => one.objectives !== undefined);
  const points = measured.map(({ objectives }) => objectives ?? []);
  const [rank, room] = [ranks(points), crowding(points)];
  const parents = measured.map((one, i) => ({ ...one, rank: rank[i] ?? 0, room: room[i] ?? 0 }));
  const start = corners(space);
  return drawNew(space, history, count, () => {
    const corner = start.shift();
    if (corner) return corner;
    if (parents.length < fewestParents || uniformFloat64(random) < exploration) return randomCandidate(space, random);
    return offspring(space, parents, random);
  });
};
