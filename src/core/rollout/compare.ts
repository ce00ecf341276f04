import { type Count, priorAround, shareAgainst, shareBeside } from '../statistics/anytime.ts';
import { type CumulativeHistogram, percentile, shareAbove, total } from '../statistics/histogram.ts';
import type { Comparison } from './canary.ts';

/** What one side of a comparison did since it began. */
export interface Side {
  histogram: CumulativeHistogram;
  /** Requests that were answered with an error or not at all, among so many; absent where the source counts none. */
  failures?: { failed: number; of: number };
}

export interface CanaryObjective {
  /** 0.99 for P99. */
  quantile: number;
  thresholdMs: number;
  /** Requests that each side must have served before anything is passed. */
  minSamples: number;
  /** Comparisons that one rollout makes, one for each share of the requests. */
  parts?: number;
}

/** Probability of a wrong verdict over a whole rollout, however often it is looked at: for passing, and for failing. */
export const alpha = 0.01;
/** How much of what the objective allows a canary may be suspected of that is surely faster otherwise. */
const suspicion = 3;

/** The share of slow requests that must be ruled out where all that are allowed can't be in so short a time. */
export const suspected = (allowed: number): number => Math.min(suspicion * allowed, (1 + allowed) / 2);

/** So many requests pass a canary at the soonest, if none of them is slow and the baseline meets the objective, too. */
export function fewestToPass({ quantile, minSamples }: Pick<CanaryObjective, 'quantile' | 'minSamples'>): number {
  const most = suspected(1 - quantile);
  let of = minSamples;
  while (shareAgainst({ hits: 0, of }, most, alpha / 2) !== 'Lower') of++;
  return of;
}

const mostBounds = 8;

const whole = (hits: number, of: number): Count => ({
  hits: Math.min(Math.round(hits), Math.round(of)),
  of: Math.round(of),
});

/** Requests that took longer than a bound. */
export const slowerOf = ({ histogram }: Side, thresholdMs: number): Count =>
  whole(shareAbove(histogram, thresholdMs) * total(histogram), total(histogram));

/** Requests that failed; undefined where the source counts none. */
export const failedOf = ({ failures }: Side): Count | undefined => failures && whole(failures.failed, failures.of);

/** Some of the bounds at or below the threshold, evenly spread and chosen by nothing that was measured. */
function boundsBelow({ bounds }: CumulativeHistogram, thresholdMs: number): number[] {
  const below = bounds.filter((bound) => bound <= thresholdMs);
  const every = Math.ceil(below.length / mostBounds);
  return below.filter((_, i) => i % every === 0);
}

/** Whether the canary answers more requests within some bound that was chosen beforehand. */
function fasterSomewhere(canary: Side, baseline: Side, thresholdMs: number): boolean {
  const bounds = boundsBelow(canary.histogram, thresholdMs);
  const each = alpha / 2 / Math.max(1, bounds.length);
  return bounds.some((bound) => shareBeside(slowerOf(canary, bound), slowerOf(baseline, bound), each) === 'Lower');
}

function failures(canary: Side, baseline: Side, level: number): Comparison | undefined {
  const [mine, theirs] = [failedOf(canary), failedOf(baseline)];
  if (!mine || mine.hits === 0) return undefined;
  const evidence = `canary failed ${mine.hits} of ${mine.of} requests, baseline ${theirs?.hits ?? 0} of ${theirs?.of ?? 0}`;
  if (theirs && shareBeside(mine, theirs, level) === 'Higher') return { verdict: 'Fail', evidence };
  // Not sure yet, and nothing to pass either: a canary that fails more than what it replaces waits for more requests.
  const more = mine.hits / mine.of > (theirs?.hits ?? 0) / Math.max(1, theirs?.of ?? 0);
  return more ? { verdict: 'CannotTell', evidence } : undefined;
}

/**
 * Judges a canary beside its baseline, whenever asked; the first verdict that is no `CannotTell` ends the rollout's
 * present step, and the tests behind it are valid at any such time (`shareAgainst`, `shareBeside`).
 *
 * `Fail`: it fails more requests than the baseline; or more of them are slow than beside it and more than the objective
 * allows. Failing one that does neither has at most 1% probability over a whole rollout.
 *
 * `Pass`: it surely meets the objective, or surely has fewer slow requests than the baseline: one that does neither is
 * passed with at most 1% probability. Or it surely answers more requests within some bound below the threshold, and
 * what it was seen to do meets the objective, and more than three times the slow requests that are allowed are ruled
 * out: to rule out all of them takes six hundred requests at P99, which is long to wait in the middle of a breach. A
 * slower variant inside the objective passes: that is what going back up to a more accurate one means.
 */
export function compareSides(canary: Side, baseline: Side, objective: CanaryObjective): Comparison {
  const { quantile, thresholdMs, minSamples, parts = 1 } = objective;
  const allowed = 1 - quantile;
  const [mine, theirs] = [slowerOf(canary, thresholdMs), slowerOf(baseline, thresholdMs)];
  const tail = (side: Side) => percentile(side.histogram, quantile).toFixed(1);
  const evidence = `canary p${quantile * 100} ${tail(canary)} ms over ${mine.of} requests, baseline ${tail(baseline)} ms over ${theirs.of}, against ${thresholdMs} ms`;
  const failing = failures(canary, baseline, alpha / 2 / parts);
  if (failing?.verdict === 'Fail') return failing;
  const beside = shareBeside(mine, theirs, alpha / 2 / parts, priorAround(allowed));
  if (beside === 'Higher' && shareAgainst(mine, allowed, alpha / 2 / parts) === 'Higher')
    return { verdict: 'Fail', evidence };
  if (failing) return failing;
  const fewest = Math.min(mine.of, theirs.of);
  if (fewest < minSamples) {
    const missing = `${mine.of} requests to the canary and ${theirs.of} to the baseline are too few: ${minSamples} each are needed`;
    return { verdict: 'CannotTell', evidence: missing };
  }
  if (shareAgainst(mine, allowed, alpha / 2) === 'Lower') return { verdict: 'Pass', evidence };
  if (shareBeside(mine, theirs, alpha / 2, priorAround(allowed)) === 'Lower') return { verdict: 'Pass', evidence };
  const looksFine = mine.hits <= allowed * mine.of && shareAgainst(mine, suspected(allowed), alpha / 2) === 'Lower';
  if (looksFine && fasterSomewhere(canary, baseline, thresholdMs)) return { verdict: 'Pass', evidence };
  return { verdict: 'CannotTell', evidence };
}
