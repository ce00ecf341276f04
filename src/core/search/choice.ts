import type { FrontPoint } from '../../api/nas-search.ts';
import type { Quality } from '../../api/variant.ts';
import { acceptable, limitPhrase, type QualityLimit } from '../quality/limit.ts';
import { lossOf, showValue, worstLoss } from '../quality/metric.ts';
import { front, hypervolume } from './pareto.ts';

/** One measured variant, with the latency that the search asks for. */
export interface Measured extends Omit<FrontPoint, 'quality'> {
  quality: Quality;
  latencyMs: number;
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

function frontPoint({ latencyMs: _l, outputsAgree: _o, quality, ...point }: Measured): FrontPoint {
  return { ...point, quality: quality.value };
}

/**
 * The front of quality and latency, and the variant to serve: the most accurate that meets the threshold, or, where
 * none is set, the fastest within the limit. `base` is the control that the hypervolume is seen from.
 */
export function outcome(measured: Measured[], limits: Limits, base?: string): Outcome {
  const { thresholdMs } = limits;
  const points = measured.map(({ latencyMs, quality }) => [latencyMs, lossOf(quality)]);
  const best = front(points).map((i) => measured[i] as Measured);
  const fit = best.filter(
    ({ quality, outputsAgree, latencyMs }) =>
      outputsAgree && acceptable(quality, limits.quality) && (thresholdMs === undefined || latencyMs <= thresholdMs),
  );
  const byLatency = (a: Measured, b: Measured) => a.latencyMs - b.latencyMs;
  const byQuality = (a: Measured, b: Measured) => lossOf(a.quality) - lossOf(b.quality) || byLatency(a, b);
  const recommended = fit.sort(thresholdMs === undefined ? byLatency : byQuality)[0];
  const control = measured.find(({ variant }) => variant === base);
  return {
    front: best.sort(byLatency).slice(0, mostPoints).map(frontPoint),
    recommended: recommended?.variant,
    message: recommended ? `serve ${recommended.label}` : why(measured, limits),
    // Twice the base's latency, and a tenth of quality lost.
    hypervolume: control && hypervolume(points, [2 * control.latencyMs, worstLoss(control.quality)]),
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
