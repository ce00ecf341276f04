import { wilson } from './binomial.ts';
import { type CumulativeHistogram, percentile, shareAbove, total } from './histogram.ts';

export interface ComparisonOptions {
  /** 0.99 for P99; for the sentence only. */
  percentile: number;
  thresholdMs: number;
  /** How often the samples may be looked at while they grow. */
  looks: number;
  /** Probability of any wrong claim over all looks. */
  alpha: number;
}

export interface TwoSampleVerdict {
  verdict: 'Better' | 'Worse' | 'CannotTell';
  evidence: string;
}

/** Acklam's rational approximation of the upper tail of the standard normal, good to 1e-9, for p below 0.02425. */
function upperTail(p: number): number {
  const q = Math.sqrt(-2 * Math.log(p));
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ] as const;
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416] as const;
  const numerator = ((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5];
  return -numerator / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
}

/**
 * Compares the shares of requests above the threshold by Newcombe's interval for a difference of shares (Newcombe
 * 1998, method 10), each look at level alpha / looks (Bonferroni), so that looking often does not find what is not
 * there.
 */
export function compareHistograms(
  canary: CumulativeHistogram,
  baseline: CumulativeHistogram,
  options: ComparisonOptions,
): TwoSampleVerdict {
  const z = upperTail(Math.min(0.02, options.alpha / options.looks / 2));
  const side = (histogram: CumulativeHistogram) => {
    const samples = Math.round(total(histogram));
    const share = shareAbove(histogram, options.thresholdMs);
    return {
      samples,
      share,
      tailMs: percentile(histogram, options.percentile),
      ...wilson(share * samples, samples, z),
    };
  };
  const [a, b] = [side(canary), side(baseline)];
  const difference = a.share - b.share;
  const low = difference - Math.hypot(a.share - a.low, b.high - b.share);
  const high = difference + Math.hypot(a.high - a.share, b.share - b.low);
  const name = `p${options.percentile * 100}`;
  const evidence = `canary ${name} ${a.tailMs.toFixed(1)} ms over ${a.samples} requests, baseline ${b.tailMs.toFixed(1)} ms over ${b.samples}`;
  if (high < 0) return { verdict: 'Better', evidence };
  if (low > 0) return { verdict: 'Worse', evidence };
  return { verdict: 'CannotTell', evidence };
}
