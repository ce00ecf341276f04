import { bucketAround, type CumulativeHistogram, shareAbove } from '../statistics/histogram.ts';

/** A bucket no wider than this is read by interpolation, as Prometheus itself does. */
const widest = 1.5;

export interface Resolution {
  /** The least and the most of the requests that can have been slower than the threshold. */
  leastShare: number;
  mostShare: number;
  /** The bucket that the threshold falls into; undefined where it is narrow enough or the threshold is a bound. */
  wide?: { lowerMs: number; upperMs: number };
}

/** What buckets can say of a threshold: where it lies inside a wide one, any of its requests may have been slower. */
export function resolution(histogram: CumulativeHistogram, thresholdMs: number): Resolution {
  const { lowerMs, upperMs } = bucketAround(histogram, thresholdMs);
  if (upperMs <= widest * lowerMs) {
    const share = shareAbove(histogram, thresholdMs);
    return { leastShare: share, mostShare: share };
  }
  return {
    leastShare: Number.isFinite(upperMs) ? shareAbove(histogram, upperMs) : 0,
    mostShare: shareAbove(histogram, lowerMs),
    wide: { lowerMs, upperMs },
  };
}
