import type { DriftChart } from '../../../api/latency-sla.ts';
import type { CumulativeHistogram } from '../../statistics/histogram.ts';
import { look } from './chart.ts';

/** What is usual is learned for so long before anything counts as a drift. */
export const learningSeconds = 900;

/** What two charts know: the median tells whether all requests became slower, the tail whether the slowest did. */
export interface Charts {
  learnedSeconds: number;
  median?: DriftChart;
  tail?: DriftChart;
}

/** Requests that finished within `seconds`, and what they should take at the load of that time. */
export interface Interval {
  histogram: CumulativeHistogram;
  seconds: number;
  expectedMedianMs?: number;
  expectedTailMs: number;
}

/** The charts after one more interval; the same ones when the load alone explains any latency. */
export function watch(charts: Charts, interval: Interval): Charts {
  const { histogram, seconds, expectedMedianMs, expectedTailMs } = interval;
  if (!Number.isFinite(expectedTailMs) || seconds <= 0) return charts;
  const { learnedSeconds } = charts;
  const learning = learnedSeconds < learningSeconds;
  const at = { histogram, seconds, learnedSeconds, learning };
  const median = expectedMedianMs && look(charts.median, { ...at, quantile: 0.5, expectedMs: expectedMedianMs });
  const tail = look(charts.tail, { ...at, quantile: 0.99, expectedMs: expectedTailMs });
  return { learnedSeconds: learnedSeconds + seconds, median: median || undefined, tail };
}

export const alarmed = ({ median, tail }: Charts): boolean => Boolean(median?.alarmed || tail?.alarmed);
