import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Features } from './features.ts';
import { priorKernel } from './hyperparameters.ts';
import { Columns, Distances, Uncertainty } from './prediction.ts';
import { condition, trianglePairs } from './process.ts';

const drawn = 200;
/** Of those before it, only the latest so many are looked at. */
const mostConsidered = 160;

/** Up to `count` different candidates that aren't excluded, by chance. */
export function drawOthers(
  features: Features,
  excluded: ReadonlySet<number>,
  count: number,
  random: RandomGenerator,
): number[] {
  const free = features.count - excluded.size;
  if (free <= 2 * count) {
    return Array.from({ length: features.count }, (_, i) => i).filter((i) => !excluded.has(i));
  }
  const found = new Set<number>();
  while (found.size < count) {
    const one = uniformInt(random, 0, features.count - 1);
    if (!excluded.has(one)) found.add(one);
  }
  return [...found];
}

/**
 * Candidates to begin with: the one that is the least certain given those before it, of some drawn by chance. The first
 * is anyone.
 */
export function startingPoints(
  features: Features,
  made: readonly number[],
  count: number,
  random: RandomGenerator,
): number[] {
  const kernel = priorKernel(features);
  const others = drawOthers(features, new Set(made), Math.max(drawn, count), random);
  const near = made.slice(-mostConsidered);
  const columns = new Columns(kernel, new Distances(features, Uint32Array.from(others)));
  const zeros = near.map(() => 0);
  const posterior = condition(kernel, trianglePairs(features, near), { at: near, values: zeros, noise: zeros });
  if (!posterior) return others.slice(0, count);
  const places = Uint32Array.from(others, (_, k) => k);
  const uncertainty = new Uncertainty(posterior, columns, near, places, count);
  const chosen: number[] = [];
  while (chosen.length < Math.min(count, others.length)) {
    const first = made.length + chosen.length === 0;
    const next = first
      ? uniformInt(random, 0, others.length - 1)
      : uncertainty.variances.reduce(
          (best, value, k) =>
            !chosen.includes(k) && (best < 0 || value > (uncertainty.variances[best] as number)) ? k : best,
          -1,
        );
    chosen.push(next);
    uncertainty.take(next);
  }
  return chosen.map((k) => others[k] as number);
}
