import type { Measured, Verdict } from '../../api/latency-sla.ts';
import { wilson } from '../statistics/binomial.ts';
import {
  type CumulativeHistogram,
  percentile,
  percentileInterval,
  shareAbove,
  total,
} from '../statistics/histogram.ts';
import { type Resolution, resolution } from './resolution.ts';

export interface Objective {
  /** 0.99 for P99. */
  quantile: number;
  thresholdMs: number;
  minSamples: number;
}

/** Why there is no verdict though there is a histogram. */
export type NoVerdict = 'TooFewSamples' | 'BucketsTooWide';

export interface Judgement {
  verdict: Verdict;
  /** Only with NoData. */
  reason?: NoVerdict;
  message: string;
  measured: Omit<Measured, 'at' | 'replicas'>;
}

/** What the sample says of a percentile: one-sided 97.5% bounds on the share of slow requests decide, never a point. */
function verdictOf(share: number, samples: number, allowed: number): Verdict {
  if (share === 0) return 'Met';
  const slow = wilson(Math.round(share * samples), samples);
  if (slow.low > allowed) return 'Violated';
  return slow.high <= allowed ? 'Met' : 'Drifting';
}

const bound = (ms: number) => (Number.isFinite(ms) ? `${Number(ms.toPrecision(4))} ms` : '+Inf');

function tooWide(thresholdMs: number, { leastShare, mostShare, wide }: Resolution): string {
  const inside = (100 * (mostShare - leastShare)).toFixed(1);
  const { lowerMs = 0, upperMs = 0 } = wide ?? {};
  const bounds = [lowerMs, upperMs].filter((ms) => ms > 0 && Number.isFinite(ms)).map(bound);
  return `the threshold of ${thresholdMs} ms lies inside the bucket from ${bound(lowerMs)} to ${bound(upperMs)} with ${inside}% of the requests, so that nobody knows how many were slower: give the histogram a bound at the threshold, or set the threshold to ${bounds.join(' or ')}`;
}

/**
 * Judges one window of requests against the objective. "p99 ≤ T" is the same as "at most 1% of requests are slower
 * than T", so the verdict comes from that share and its Wilson interval: `Violated` when even its lower end is too
 * much, `Met` when its upper end is allowed or nothing is slower, `Drifting` in between, `NoData` when too few requests
 * say anything, or when the verdict would hang on where in a wide bucket the requests lie.
 */
export function judge(histogram: CumulativeHistogram, seconds: number, objective: Objective): Judgement {
  const { quantile, thresholdMs, minSamples } = objective;
  // A rate over a window, as Prometheus makes it up from scrapes, counts parts of requests.
  const samples = Math.round(total(histogram));
  const counted = { samples, ratePerSecond: seconds > 0 ? samples / seconds : 0 };
  if (samples < minSamples) {
    const message = `${samples} requests in the window are too few: a verdict needs ${minSamples}`;
    return { verdict: 'NoData', reason: 'TooFewSamples', message, measured: counted };
  }
  const allowed = 1 - quantile;
  const resolved = resolution(histogram, thresholdMs);
  const verdict = verdictOf(resolved.leastShare, samples, allowed);
  if (verdict !== verdictOf(resolved.mostShare, samples, allowed)) {
    const message = tooWide(thresholdMs, resolved);
    return { verdict: 'NoData', reason: 'BucketsTooWide', message, measured: counted };
  }
  const overThreshold = shareAbove(histogram, thresholdMs);
  const percentileMs = percentile(histogram, quantile);
  const { lowMs, highMs } = percentileInterval(histogram, quantile);
  const measured = {
    ...{ ...counted, percentileMs, percentileLowMs: lowMs, overThreshold, burnRate: overThreshold / allowed },
    percentileHighMs: Number.isFinite(highMs) ? highMs : undefined,
  };
  const interval = `${lowMs.toFixed(1)} to ${Number.isFinite(highMs) ? highMs.toFixed(1) : 'unknown'}`;
  const message = `p${quantile * 100} is ${percentileMs.toFixed(1)} ms (${interval}) against ${thresholdMs} ms over ${samples} requests`;
  return { verdict, message, measured };
}
