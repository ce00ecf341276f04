import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Candidate, EngineOptions, Precision } from '../../api/candidate.ts';
import type { NASSearchSpec } from '../../api/nas-search.ts';
import { quantity } from '../../api/units.ts';
import type { Dimensions, PrecisionsExpected } from '../../api/variant.ts';

/** Everything a search may choose from: one choice of each. */
export interface Space {
  dimensions: Dimensions;
  precisions: Precision[];
  engines: EngineOptions[];
  /** What each precision should do, where an analysis says so. */
  expected?: PrecisionsExpected;
}

/** What the model offers to choose from. */
export interface Offered {
  dimensions: Dimensions;
  precisions?: PrecisionsExpected;
}

/** The dimension that only counts where each layer has a precision of its own. */
export const mixedDimension = 'precision';

export function pick<T>(random: RandomGenerator, choices: readonly T[]): T {
  return choices[uniformInt(random, 0, choices.length - 1)] as T;
}

/**
 * The space of a search whose model offers `offered`: the dimensions named in its spec, else all; a precision for each
 * layer where the analysis found layers that differ; threads from one to the worker's CPU limit, else those named, never
 * more than it has.
 */
export function spaceOf({ space, worker }: NASSearchSpec, { dimensions, precisions }: Offered): Space {
  const mixed = dimensions.some(({ name, expected }) => name === mixedDimension && expected);
  const limit = quantity(worker.cpu);
  const threads = (space.threads ?? Array.from({ length: limit }, (_, i) => i + 1)).filter((count) => count <= limit);
  return {
    dimensions: dimensions.filter(({ name }) => !space.dimensions || space.dimensions.includes(name)),
    precisions: mixed ? [...new Set([...space.precisions, 'Mixed' as const])] : space.precisions,
    expected: precisions,
    engines: (threads.length > 0 ? threads : [limit]).flatMap((count) =>
      space.graphOptimizations.map((graphOptimization) => ({ threads: count, graphOptimization })),
    ),
  };
}

/** The model as it was given: every dimension at its largest, full precision, all threads, all optimisations. */
export const baseCandidate = ({ worker }: NASSearchSpec): Candidate => ({
  dimensions: {},
  precision: 'FP32',
  engine: { threads: quantity(worker.cpu), graphOptimization: 'All' },
});

/** How many candidates there are. */
export const size = ({ dimensions, precisions, engines }: Space): number =>
  dimensions.reduce((product, { choices }) => product * choices.length, 1) * precisions.length * engines.length;

export const randomCandidate = (space: Space, random: RandomGenerator): Candidate => ({
  dimensions: Object.fromEntries(space.dimensions.map(({ name, choices }) => [name, pick(random, choices)])),
  precision: pick(random, space.precisions),
  engine: pick(random, space.engines),
});

/** The candidate with every dimension at `share` of its range: 0 the smallest, 1 the largest. */
export const cornerCandidate = (space: Space, share: number, precision: Precision): Candidate => ({
  dimensions: Object.fromEntries(
    space.dimensions.map(({ name, choices }) => {
      const ascending = choices.toSorted((a, b) => a - b);
      return [name, ascending[Math.round(share * (ascending.length - 1))] ?? 0];
    }),
  ),
  precision,
  engine: space.engines.at(-1) ?? { threads: 1, graphOptimization: 'All' },
});
