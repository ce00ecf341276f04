import type { DriftChart } from '../../../api/sla-counts.ts';
import { type CumulativeHistogram, shareAbove, total } from '../../statistics/histogram.ts';
import { cautiousSeconds, look } from './chart.ts';

/** What is usual is learned for so long at least before anything counts as a drift; see `evidenceOf` of a chart. */
const learningSeconds = 90;
/** What a burst leaves behind is explained by that burst: load is a maximum that falls by e in so long. */
const loadSeconds = 60;
/** While that maximum is so far above the present rate, what is expected is too: nothing is first learned from it. */
const ebbFactor = 1.2;
/** Far above the load of the last ten minutes a server may be slower than any trial said: that is load, too. */
const usualLoadSeconds = 600;
const surgeFactor = 1.4;
const surgeDrainSeconds = 15;
/** A queue that grew without bound takes its time: it explains the tail until that is short again, so long at most. */
const longestDrainSeconds = 300;
const drainedShare = 0.03;
/** Bursts and hiccups lengthen the tail for longer than they move the median. */
const ofMedian = { quantile: 0.5, leastSeconds: 40 };
const ofTail = { quantile: 0.99, leastSeconds: 60 };

/** What two charts know: the median tells whether all requests became slower, the tail whether the slowest did. */
export interface Charts {
  learnedSeconds: number;
  /** Requests a second at one replica: the most of late. */
  load: number;
  /** Its mean over the last ten minutes. */
  usualLoad: number;
  /** Seconds that a queue left by a surge or by saturation may still explain. */
  drainSeconds: number;
  /** How requests scattered that another variant answered here: taken until this one has shown its own. */
  dispersion?: { median?: number; tail?: number };
  median?: DriftChart;
  tail?: DriftChart;
}

export const nothingKnown: Charts = { learnedSeconds: 0, load: 0, usualLoad: 0, drainSeconds: 0 };

/** Requests that finished within `seconds` at so many replicas. */
export interface Interval {
  histogram: CumulativeHistogram;
  seconds: number;
  replicas: number;
}

/** What a trial measured at a rate at one replica. */
export interface Expected {
  /** So near to what the replica can carry, or beyond, that queues don't settle. */
  saturated: boolean;
  medianMs?: number;
  tailMs: number;
}

/** Whether a rate is so many times another one, and not by chance. */
const exceeds = (rate: number, other: number, factor: number, { seconds, replicas }: Interval): boolean =>
  other > 0 && rate > factor * other + 3 * Math.sqrt(other / seconds / Math.max(1, replicas));

/** How long a queue may still explain the tail after this interval. */
function drainAfter(charts: Charts, interval: Interval, rate: number, now: Expected): number {
  if (now.saturated) return longestDrainSeconds;
  if (exceeds(rate, charts.usualLoad, surgeFactor, interval)) return Math.max(surgeDrainSeconds, charts.drainSeconds);
  const bound = (charts.tail?.ratio ?? 1) * now.tailMs;
  const drained = shareAbove(interval.histogram, bound) <= drainedShare;
  return drained ? 0 : Math.max(0, charts.drainSeconds - interval.seconds);
}

function usualLoadAfter({ usualLoad, learnedSeconds }: Charts, rate: number, seconds: number): number {
  const gain = Math.min(1, seconds / Math.min(usualLoadSeconds, learnedSeconds + seconds));
  return usualLoad + gain * (rate - usualLoad);
}

/** The charts after one more interval. Where load alone explains any latency nothing is learned and nothing suspected. */
export function watch(charts: Charts, interval: Interval, expectedAt: (ratePerSecond: number) => Expected): Charts {
  const { histogram, seconds, replicas } = interval;
  const samples = total(histogram);
  if (seconds <= 0 || samples === 0) return charts;
  const rate = samples / seconds / Math.max(1, replicas);
  const load = Math.max(rate, charts.load * Math.exp(-seconds / loadSeconds));
  const atLoad = expectedAt(load);
  const usualLoad = usualLoadAfter(charts, rate, seconds);
  const drainSeconds = drainAfter(charts, interval, rate, expectedAt(rate));
  const ebbs = charts.learnedSeconds < cautiousSeconds && exceeds(load, rate, ebbFactor, interval);
  if (drainSeconds > 0 || ebbs || !Number.isFinite(atLoad.tailMs)) return { ...charts, load, usualLoad, drainSeconds };
  const { learnedSeconds, dispersion } = charts;
  const { medianMs, tailMs } = atLoad;
  const at = { histogram, seconds, learnedSeconds, learning: stillLearning(charts) };
  const medianAt = { ...at, ...ofMedian, dispersion: dispersion?.median };
  return {
    learnedSeconds: learnedSeconds + seconds,
    load,
    usualLoad,
    drainSeconds,
    dispersion,
    median: medianMs === undefined ? undefined : look(charts.median, { ...medianAt, expectedMs: medianMs }),
    tail: look(charts.tail, { ...at, ...ofTail, dispersion: dispersion?.tail, expectedMs: tailMs }),
  };
}

export const stillLearning = ({ learnedSeconds }: Pick<Charts, 'learnedSeconds'>): boolean =>
  learnedSeconds < learningSeconds;

export const alarmed = ({ median, tail }: Pick<Charts, 'median' | 'tail'>): boolean =>
  Boolean(median?.alarmed || tail?.alarmed);

/**
 * What is known of a variant on an accelerator where another one was served until now. How its requests compare with its
 * trial is not: what a request costs besides the model is a larger share of a faster one. That they come, and clump, as
 * they did is.
 */
export const afterRollout = ({ load, dispersion, median, tail }: Charts): Charts => ({
  ...nothingKnown,
  load,
  dispersion: {
    median: median?.dispersion ?? dispersion?.median,
    tail: tail?.dispersion ?? dispersion?.tail,
  },
});
