import { type CumulativeHistogram, percentile } from '../../statistics/histogram.ts';
import { type Charts, type Expected, stillLearning } from './drift.ts';

export interface DriftEvidence {
  /** undefined: not known yet. */
  drifting: boolean | undefined;
  reason: 'MedianSlower' | 'TailSlower' | 'AsUsual' | 'Learning';
  message: string;
}

const one = (ms: number) => (Number.isFinite(ms) ? ms.toFixed(1) : 'any');

function against(
  name: string,
  seenMs: number,
  chart: { ratio: number } | undefined,
  measuredMs: number | undefined,
  load: number,
): string {
  if (!chart || measuredMs === undefined) return `${name} ${one(seenMs)} ms`;
  const usualMs = chart.ratio * measuredMs;
  return `${name} ${one(seenMs)} ms where ${one(usualMs)} ms is usual at ${one(load)} requests/s a replica (${one(measuredMs)} ms in its trial)`;
}

/** What the charts say of the present window, in words. */
export function driftEvidence(
  charts: Charts,
  window: CumulativeHistogram,
  expectedAt: (ratePerSecond: number) => Expected,
): DriftEvidence {
  const { median, tail, load } = charts;
  const { medianMs, tailMs } = expectedAt(load);
  const ofMedian = against('median', percentile(window, 0.5), median, medianMs, load);
  const ofTail = against('p99', percentile(window, 0.99), tail, tailMs, load);
  if (stillLearning(charts)) {
    const message = `what this variant usually takes in production is learned from its first minutes: ${ofTail}`;
    return { drifting: undefined, reason: 'Learning', message };
  }
  if (median?.alarmed) {
    return {
      drifting: true,
      reason: 'MedianSlower',
      message: `requests became slower altogether: ${ofMedian}; ${ofTail}`,
    };
  }
  if (tail?.alarmed) {
    return {
      drifting: true,
      reason: 'TailSlower',
      message: `the slowest requests became slower: ${ofTail}; ${ofMedian}`,
    };
  }
  return { drifting: false, reason: 'AsUsual', message: ofTail };
}
