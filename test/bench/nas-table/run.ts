import { area, staircase } from '../../../src/core/search/surrogate/improvement.ts';
import type { Contest } from './contest.ts';

/** Says which architecture to measure next, given those that were, by index; no longer one when it has no more. */
export type Searcher = (made: readonly number[]) => number | undefined;

export interface Course {
  /** Distinct evaluations until 99% of the true hypervolume; undefined where the budget was too small. */
  to99?: number;
  /** The share of the true hypervolume after 25. */
  at25: number;
}

const [goal, early] = [0.99, 25];

const volumeOf = ({ points, reference }: Contest, chosen: readonly number[]) =>
  area(
    staircase(
      chosen.map((i) => points[i] ?? []),
      reference,
    ),
  );

/** The hypervolume of the whole table. */
export const trueVolume = (contest: Contest): number => volumeOf(contest, [...contest.points.keys()]);

/** How the share of the hypervolume grows over evaluations, read off at the two places that count. */
export function courseOf(contest: Contest, whole: number, evaluated: readonly number[]): Course {
  const distinct = [...new Set(evaluated)];
  const share = (count: number) => volumeOf(contest, distinct.slice(0, count)) / whole;
  const at25 = share(early);
  if (share(distinct.length) < goal) return { at25 };
  // The share never falls, so the first that reaches the goal is found by halving.
  let [low, high] = [0, distinct.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (share(middle) >= goal) high = middle;
    else low = middle;
  }
  return { to99: high, at25 };
}

/** Searches until both figures are known or the budget is spent. */
export function searched(contest: Contest, whole: number, budget: number, next: Searcher): Course {
  const made: number[] = [];
  while (made.length < budget) {
    const one = next(made);
    if (one === undefined) break;
    made.push(one);
    if (made.length >= early && volumeOf(contest, made) >= goal * whole) break;
  }
  return courseOf(contest, whole, made);
}

/** The middle one, or the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

export interface Figures {
  /** Null where half of the runs didn't get there within the budget. */
  evaluationsTo99: number | null;
  hypervolumeAt25: number;
}

/** Medians over runs. */
export function figures(courses: readonly Course[]): Figures {
  const to99 = median(courses.map((course) => course.to99 ?? Number.POSITIVE_INFINITY));
  return {
    evaluationsTo99: Number.isFinite(to99) ? to99 : null,
    hypervolumeAt25: Number(median(courses.map(({ at25 }) => at25)).toFixed(4)),
  };
}
