import { front, type Objectives } from '../pareto.ts';
import type { Measurements } from './model.ts';

/** A candidate of the pool that was made; without objectives while it is measured, or when that failed. */
export interface PoolTrial {
  at: number;
  /** All are to be made small. */
  objectives?: Objectives;
  /** Standard errors of the objectives, where measuring again would give something else. */
  errors?: Objectives;
}

/** More observations than these are thinned: the front and the latest are kept. */
const mostObservations = 144;

/** The trials that a model is conditioned on: all of them, or the front, the latest and an even share of the others. */
export function thinned(measured: readonly PoolTrial[]): readonly PoolTrial[] {
  if (measured.length <= mostObservations) return measured;
  const kept = new Set(front(measured.map(({ objectives }) => objectives ?? [])).slice(0, mostObservations / 2));
  for (let i = measured.length - 1; kept.size < (3 * mostObservations) / 4; i--) kept.add(i);
  const left = mostObservations - kept.size;
  for (let i = 0; i < left; i++) kept.add(Math.floor((i * measured.length) / left));
  return measured.filter((_, i) => kept.has(i));
}

/** The same, objective by objective. */
export function measurementsOf(measured: readonly PoolTrial[]): Measurements[] {
  const at = measured.map((trial) => trial.at);
  return (measured[0]?.objectives ?? []).map((_, m) => ({
    at,
    values: measured.map(({ objectives }) => objectives?.[m] ?? 0),
    errors: measured.map(({ errors }) => errors?.[m] ?? 0),
  }));
}
