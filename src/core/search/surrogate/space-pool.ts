import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Candidate } from '../../../api/candidate.ts';
import { canonical } from '../candidate.ts';
import { expectedFront } from '../expected-front.ts';
import { front } from '../pareto.ts';
import type { Evaluated } from '../sampler.ts';
import { neighbour } from '../samplers/neighbour.ts';
import { randomCandidate, type Space, size } from '../space.ts';

/** Spaces up to this size are looked at whole. */
const mostEnumerated = 2000;
/** Of larger ones a part: by chance, and around the front. */
const [byChance, nearFront] = [400, 400];

function enumerated({ dimensions, precisions, engines }: Space): Candidate[] {
  const chosen = dimensions.reduce<Record<string, number>[]>(
    (all, { name, choices }) => all.flatMap((one) => choices.map((choice) => ({ ...one, [name]: choice }))),
    [{}],
  );
  return precisions.flatMap((precision) =>
    engines.flatMap((engine) => chosen.map((one) => ({ dimensions: one, precision, engine }))),
  );
}

function sampled(space: Space, history: readonly Evaluated[], random: RandomGenerator): Candidate[] {
  const measured = history.filter(({ objectives }) => objectives !== undefined);
  const best = front(measured.map(({ objectives }) => objectives ?? [])).map((i) => measured[i] as Evaluated);
  const near: Evaluated[] = [...best];
  while (near.length < nearFront) {
    // A step from one that is a step away already: in the end two or three steps from the front.
    const from = near[near.length % (best.length * 8)] ?? best[near.length % best.length];
    const next = from && neighbour(space, [{ ...from, objectives: [0] }], random);
    if (!next) break;
    near.push({ candidate: next });
  }
  return [
    ...near.map(({ candidate }) => candidate),
    ...expectedFront(space).map(({ candidate }) => candidate),
    ...Array.from({ length: byChance }, () => randomCandidate(space, random)),
  ];
}

/** Candidates to choose from, each once: first those of the history, in its order, then others. */
export function poolOf(space: Space, history: readonly Evaluated[], random: RandomGenerator): Map<string, Candidate> {
  const others = size(space) <= mostEnumerated ? enumerated(space) : sampled(space, history, random);
  const all = [...history.map(({ candidate }) => candidate), ...others];
  const pool = new Map<string, Candidate>();
  for (const candidate of all) {
    const text = canonical(candidate, space.dimensions);
    if (!pool.has(text)) pool.set(text, candidate);
  }
  return pool;
}
