import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Sampler } from '../sampler.ts';
import { randomCandidate } from '../space.ts';
import { drawNew } from './draw.ts';

/** Uniform and without repetition: what every other sampler must beat. */
export const randomSampler: Sampler = (space, history, count, seed) => {
  const random = xoroshiro128plus(seed * 1_000_003 + history.length);
  return drawNew(space, history, count, () => randomCandidate(space, random));
};
