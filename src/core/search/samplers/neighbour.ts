import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Candidate } from '../../../api/candidate.ts';
import { ranks } from '../pareto.ts';
import type { Evaluated } from '../sampler.ts';
import { pick, type Space } from '../space.ts';

/** How often precision and engine are drawn anew. */
const mutationRate = 0.2;

/** The choice one step up or down from the present one; the present one at an end. */
function step(choices: readonly number[], present: number, random: RandomGenerator): number {
  const ascending = choices.toSorted((a, b) => a - b);
  const place = ascending.indexOf(present) + (uniformInt(random, 0, 1) === 0 ? -1 : 1);
  return ascending[Math.max(0, Math.min(ascending.length - 1, place))] ?? present;
}

/**
 * A measured candidate of the front with one or two of its dimensions a step further, now and then in another precision
 * or with another engine option. Undefined while nothing is measured.
 */
export function neighbour(space: Space, history: readonly Evaluated[], random: RandomGenerator): Candidate | undefined {
  const measured = history.filter(({ objectives }) => objectives !== undefined);
  if (measured.length === 0) return undefined;
  const rank = ranks(measured.map(({ objectives }) => objectives ?? []));
  const { candidate } = pick(
    random,
    measured.filter((_, i) => rank[i] === 0),
  );
  const moved = new Set(Array.from({ length: uniformInt(random, 1, 2) }, () => pick(random, space.dimensions).name));
  const dimensions = space.dimensions.map(({ name, choices }) => {
    const present = candidate.dimensions[name] ?? Math.max(...choices);
    return [name, moved.has(name) ? step(choices, present, random) : present];
  });
  const drawn = () => uniformFloat64(random) < mutationRate;
  return {
    dimensions: Object.fromEntries(dimensions),
    precision: drawn() ? pick(random, space.precisions) : candidate.precision,
    engine: drawn() ? pick(random, space.engines) : candidate.engine,
  };
}
