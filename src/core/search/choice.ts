import type { FrontPoint } from '../../api/nas-search.ts';
import type { Quality } from '../../api/variant.ts';
import { acceptable, limitPhrase, type QualityLimit } from '../quality/limit.ts';
import { lossOf, showValue, worstLoss } from '../quality/metric.ts';
import { front, hypervolume } from './pareto.ts';

/** One measured variant, with the latency that the search asks for. */
export interface Measured extends Omit<FrontPoint, 'quality' | 'phases'> {
  quality: Quality;
  latencyMs: number;
  /** The phases after the first; each is an objective, with a threshold of its own. */
  phases?: { name: string; p50Ms: number; p99Ms: number; latencyMs: number; thresholdMs?: number }[];
  /** Its outputs here are those it was judged with. */
  outputsAgree: boolean;
}

export interface Limits {
  quality: QualityLimit;
  thresholdMs?: number;
}

/** What one accelerator's trials come to. */
export interface Outcome {
  front: FrontPoint[];
  recommended?: string;
  message: string;
  hypervolume?: number;
}

const mostPoints = 24;

function frontPoint({ latencyMs: _l, outputsAgree: _o, quality, phases, ...point }: Measured): FrontPoint {
  const others = phases?.map(({ name, p50Ms, p99Ms }) => ({ name, p50Ms, p99Ms }));
  return { ...point, quality: quality.value, ...(others && { phases: others }) };
}

/** The latency of each phase, that of the first in front. */
export const latenciesOf = ({ latencyMs, phases = [] }: Measured): number[] => [
  latencyMs,
  ...phases.map((phase) => phase.latencyMs),
];

/** The geometric mean over the phases: a phase of microseconds counts as much as one of seconds. */
const meanLatency = (measured: Measured) => {
  const logs = latenciesOf(measured).map(Math.log);
  return logs.reduce((sum, log) => sum + log, 0) / logs.length;
};

const withinThresholds = ({ latencyMs, phases = [] }: Measured, thresholdMs: number | undefined) =>
  (thresholdMs === undefined || latencyMs <= thresholdMs) &&
  phases.every((phase) => phase.thresholdMs === undefined || phase.latencyMs <= phase.thresholdMs);

/**
 * The front of quality and latency, and the variant to serve: the most accurate that meets the threshold, or, where
 * none is set, the fastest within the limit. `base` is the control that the hypervolume is seen from.
 */
export function outcome(measured: Measured[], limits: Limits, base?: string): Outcome {
  const { thresholdMs } = limits;
  const points = measured.map((one) => [...latenciesOf(one), lossOf(one.quality)]);
  const best = front(points).map((i) => measured[i] as Measured);
  const fit = best.filter(
    (one) => one.outputsAgree && acceptable(one.quality, limits.quality) && withinThresholds(one, thresholdMs),
  );
  const byLatency = (a: Measured, b: Measured) => meanLatency(a) - meanLatency(b);
  const byQuality = (a: Measured, b: Measured) => lossOf(a.quality) - lossOf(b.quality) || byLatency(a, b);
  const recommended = fit.sort(thresholdMs === undefined ? byLatency : byQuality)[0];
  const control = measured.find(({ variant }) => variant === base);
  return {
    front: best.sort(byLatency).slice(0, mostPoints).map(frontPoint),
    recommended: recommended?.variant,
    message: recommended ? `serve ${recommended.label}` : why(measured, limits),
    // Twice the base's latency, and a tenth of quality lost.
    // Of several phases the first counts: an area has two sides.
    hypervolume:
      control &&
      hypervolume(
        measured.map(({ latencyMs, quality }) => [latencyMs, lossOf(quality)]),
        [2 * control.latencyMs, worstLoss(control.quality)],
      ),
  };
}

function why(measured: Measured[], { quality: limit, thresholdMs }: Limits): string {
  const [first] = measured;
  if (!first) return 'nothing is measured yet';
  const good = measured
    .filter(({ quality }) => acceptable(quality, limit))
    .sort((a, b) => a.latencyMs - b.latencyMs)[0];
  const { metric } = first.quality;
  const phrase = limitPhrase(metric, limit);
  if (!good && limit.floor !== undefined) {
    return `no variant reaches the quality floor of ${showValue(metric, limit.floor)}: lower it, or widen the space`;
  }
  if (!good) return `no variant is ${phrase}: raise maxDrop, give more held-out inputs, or widen the space`;
  return `no variant ${phrase ? `${phrase} ` : ''}meets ${thresholdMs} ms: the fastest takes ${good.latencyMs.toFixed(2)} ms`;
}
