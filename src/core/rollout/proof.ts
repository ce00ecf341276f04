import { shareAgainst } from '../statistics/anytime.ts';
import { percentile, total } from '../statistics/histogram.ts';
import type { Comparison } from './canary.ts';
import { alpha, type CanaryObjective, failedOf, type Side, slowerOf, suspected } from './compare.ts';

/** The load that came since the promotion, and what was measured of the variant. */
export interface Load {
  /** Requests a second at one replica. */
  ratePerSecond: number;
  /** What a replica was measured to carry within the threshold; undefined where that is not known. */
  carriesPerSecond?: number;
}

/**
 * Judges a variant that was promoted and now serves everything; asked whenever one likes (`shareAgainst`).
 *
 * `Fail`: more requests are slow, or fail, than the objective allows, at a load that it was measured to carry. That has at
 * most 1% probability for a variant that keeps the objective. `Pass`: enough requests came, no more of them than allowed
 * were slow, and more than three times as many are ruled out; or the load has outgrown what it was measured to carry,
 * which is no fault of its own and for others to answer.
 */
export function proveAlone(alone: Side, objective: CanaryObjective, load: Load): Comparison {
  const { quantile, thresholdMs, minSamples } = objective;
  const { ratePerSecond, carriesPerSecond = Number.POSITIVE_INFINITY } = load;
  const allowed = 1 - quantile;
  const [slow, failed] = [slowerOf(alone, thresholdMs), failedOf(alone)];
  const rate = `${ratePerSecond.toFixed(1)} requests/s a replica`;
  const tail = `p${quantile * 100} ${percentile(alone.histogram, quantile).toFixed(1)} ms over ${slow.of} requests against ${thresholdMs} ms`;
  const evidence = `alone under ${rate}: ${tail}`;
  if (ratePerSecond > carriesPerSecond) {
    return {
      verdict: 'Pass',
      evidence: `the load has outgrown it: ${rate}, it carries ${carriesPerSecond.toFixed(1)}`,
    };
  }
  if (failed && shareAgainst(failed, allowed, alpha / 2) === 'Higher') {
    return { verdict: 'Fail', evidence: `alone under ${rate} it failed ${failed.hits} of ${failed.of} requests` };
  }
  if (shareAgainst(slow, allowed, alpha / 2) === 'Higher') return { verdict: 'Fail', evidence };
  const enough = total(alone.histogram) >= minSamples && slow.hits <= allowed * slow.of;
  const passed = enough && shareAgainst(slow, suspected(allowed), alpha / 2) === 'Lower';
  return { verdict: passed ? 'Pass' : 'CannotTell', evidence };
}
