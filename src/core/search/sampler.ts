import type { Candidate } from '../../api/candidate.ts';
import type { Objectives } from './pareto.ts';
import type { Space } from './space.ts';

/** A candidate that was made; without objectives while it is measured, or when that failed. */
export interface Evaluated {
  candidate: Candidate;
  objectives?: Objectives;
  /** Standard errors of the objectives, where they are known and measuring again would give something else. */
  errors?: Objectives;
}

/**
 * Beyond these an objective is worth nothing, objective by objective: what quality may be lost, what latency is
 * promised. Undefined, or none at all: nobody said.
 */
export type Limits = readonly (number | undefined)[];

/**
 * Proposes the next candidates from what is known, and from nothing else: no state, no clock, chance from the seed. The
 * same history and seed give the same proposals, none is in the history already, and fewer than `count` come back only
 * when the space is used up.
 */
export type Sampler = (
  space: Space,
  history: readonly Evaluated[],
  count: number,
  seed: number,
  limits?: Limits,
) => Candidate[];
