import type { Measured, Verdict } from '../../api/latency-sla.ts';
import { wilson } from '../statistics/binomial.ts';
import { type CumulativeHistogram, percentile, shareAbove, total } from '../statistics/histogram.ts';

export interface Objective {
  /** 0.99 for P99. */
  quantile: number;
  thresholdMs: number;
  minSamples: number;
}

export interface Judgement {
  verdict: Verdict;
  message: string;
  measured: Omit<Measured, 'at' | 'replicas'>;
}

/** What the sample says of a percentile: one-sided 97.5% bounds on the share of slow requests decide, never a point. */
function verdictOf(slow: { low: number; high: number }, allowed: number): Verdict {
  if (slow.low > allowed) return 'Violated';
  return slow.high <= allowed ? 'Met' : 'Drifting';
}

/**
 * Judges one window of requests against the objective. "p99 ≤ T" is the same as "at most 1% of requests are slower
 * than T", so the verdict comes from that share and its Wilson interval: `Violated` when even its lower end is too
 * much, `Met` when its upper end is allowed or the percentile is inside with nothing to suggest otherwise, `Drifting`
 * in between, `NoData` when too few requests say anything.
 */
export function judge(histogram: CumulativeHistogram, seconds: number, objective: Objective): Judgement {
  // A rate over a window, as Prometheus makes it up from scrapes, counts parts of requests.
  const samples = Math.round(total(histogram));
  const measured = { samples, ratePerSecond: seconds > 0 ? samples / seconds : 0 };
  if (samples < objective.minSamples) {
    const message = `${samples} requests in the window are too few: a verdict needs ${objective.minSamples}`;
    return { verdict: 'NoData', message, measured };
  }
  const allowed = 1 - objective.quantile;
  const overThreshold = shareAbove(histogram, objective.thresholdMs);
  const percentileMs = percentile(histogram, objective.quantile);
  const interval = wilson(Math.round(overThreshold * samples), samples);
  const verdict = overThreshold === 0 ? 'Met' : verdictOf(interval, allowed);
  return {
    verdict,
    message: `p${objective.quantile * 100} is ${percentileMs.toFixed(1)} ms against ${objective.thresholdMs} ms over ${samples} requests`,
    measured: { ...measured, percentileMs, overThreshold, burnRate: overThreshold / allowed },
  };
}
