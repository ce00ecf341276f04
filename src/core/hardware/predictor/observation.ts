import type { Table } from '../../linear-algebra/table.ts';
import type { Candidates } from './candidates.ts';
import { type Design, describe, missingShares } from './design.ts';
import { type Task, viewKernels } from './evidence.ts';
import { noiseShape, toScale } from './scale.ts';

/** Measurements of one device on the scale, with what leads back to milliseconds. */
export interface Observation extends Omit<Task, 'kernels'> {
  described: Table;
  centreMs: number;
  /** The mean on the scale, which the task's values are less. */
  offset: number;
}

const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Measurements `ms` of candidates by the views of `by`. The noise of each has the shape of `expectedMs`, as read from a
 * clock of `resolutionMs`.
 */
export function observe(
  by: Design,
  candidates: Candidates,
  ms: Float64Array,
  expectedMs: Float64Array,
  resolutionMs: number,
): Observation {
  const { scale } = by.models;
  const described = describe(by, candidates);
  const centreMs = meanOf(ms);
  const scaled = ms.map((one) => toScale(scale, one, centreMs));
  const offset = meanOf(scaled);
  return {
    ...{ described, centreMs, offset, size: ms.length, missing: missingShares(by, candidates) },
    values: scaled.map((value) => value - offset),
    noise: expectedMs.map((one) => noiseShape(scale, one, centreMs, resolutionMs)),
  };
}

/** The same with the products of rows, whose number grows with the square of the measurements. */
export const taskOf = <T extends Observation>(by: Design, observed: T): T & Task => ({
  ...observed,
  kernels: viewKernels(observed.described, by.starts),
});
