import type { CumulativeHistogram } from '../../../src/core/statistics/histogram.ts';
import { type MeasuredVariant, serviceAt } from './front.ts';

export type Track = 'stable' | 'canary' | 'baseline';

/** One replica: a single server that takes requests as they come, each for one of its measured service times. */
export interface Pod {
  name: string;
  track: Track;
  model: MeasuredVariant;
  readyAtMs: number;
  /** When it will have answered all that it has taken. */
  busyUntilMs: number;
  /** Milliseconds of work done or due in each second, for CPU utilisation. */
  workMs: number[];
  /** Answers by the second in which they are given, in the buckets of `bounds`. */
  answers: Uint32Array[];
}

/** The buckets of `retune serve` in milliseconds: each a quarter above the one before. */
export const bounds = [
  ...Array.from({ length: 44 }, (_, i) => 1000 * Number((0.001 * 1.26 ** i).toPrecision(3))),
  Number.POSITIVE_INFINITY,
];

export const aPod = (name: string, track: Track, model: MeasuredVariant, readyAtMs: number): Pod => ({
  ...{ name, track, model, readyAtMs, busyUntilMs: readyAtMs },
  ...{ workMs: [], answers: [] },
});

export const isReady = ({ readyAtMs }: Pod, nowMs: number): boolean => readyAtMs <= nowMs;

/** Spreads work over the seconds in which it is done. */
function addWork({ workMs }: Pod, fromMs: number, toMs: number): void {
  for (let at = fromMs; at < toMs; ) {
    const second = Math.floor(at / 1000);
    const end = Math.min(toMs, 1000 * (second + 1));
    workMs[second] = (workMs[second] ?? 0) + end - at;
    at = end;
  }
}

/**
 * Gives a request to a pod and returns its time in system in milliseconds: known at once, because requests are served
 * in the order of their arrival (Lindley 1952). Undefined when it would have to wait longer than `patienceMs`, and is
 * turned away.
 */
export function take(pod: Pod, atMs: number, hardness: number, patienceMs: number): number | undefined {
  const startMs = Math.max(atMs, pod.busyUntilMs);
  if (startMs - atMs > patienceMs) return undefined;
  const endMs = startMs + serviceAt(pod.model, hardness);
  pod.busyUntilMs = endMs;
  addWork(pod, startMs, endMs);
  const latencyMs = endMs - atMs;
  const second = Math.floor(endMs / 1000);
  const row = pod.answers[second] ?? new Uint32Array(bounds.length);
  pod.answers[second] = row;
  const bucket = bounds.findIndex((bound) => latencyMs <= bound);
  row[bucket] = (row[bucket] ?? 0) + 1;
  return latencyMs;
}

/** What these pods answered in the whole seconds from `from` until before `to`. */
export function histogramOf(pods: Pod[], from: number, to: number): CumulativeHistogram {
  const counts = new Array<number>(bounds.length).fill(0);
  for (const { answers } of pods) {
    for (let second = Math.max(0, from); second < to; second++) {
      const row = answers[second];
      if (row) for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] ?? 0) + (row[i] ?? 0);
    }
  }
  for (let i = 1; i < counts.length; i++) counts[i] = (counts[i] ?? 0) + (counts[i - 1] ?? 0);
  return { bounds, counts };
}

/** The share of the seconds from `from` until before `to` that a pod worked: the utilisation of its one CPU. */
export function utilisation({ workMs }: Pod, from: number, to: number): number {
  let sum = 0;
  for (let second = Math.max(0, from); second < to; second++) sum += workMs[second] ?? 0;
  return sum / (1000 * Math.max(1, to - Math.max(0, from)));
}
