import type { FrontPoint } from '../../api/nas-search.ts';
import { front, hypervolume } from './pareto.ts';

/** One measured variant, with the latency that the search asks for. */
export interface Measured extends FrontPoint {
  latencyMs: number;
  /** Its outputs here are those it was judged with. */
  outputsAgree: boolean;
}

export interface Limits {
  qualityFloor: number;
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

function withoutExtras({ latencyMs: _l, outputsAgree: _o, ...point }: Measured): FrontPoint {
  return point;
}

/**
 * The front of quality and latency, and the variant to serve: the most accurate that meets the threshold, or, where
 * none is set, the fastest above the floor. `base` is the control that the hypervolume is seen from.
 */
export function outcome(measured: Measured[], { qualityFloor, thresholdMs }: Limits, base?: string): Outcome {
  const points = measured.map(({ latencyMs, quality }) => [latencyMs, 1 - quality]);
  const best = front(points).map((i) => measured[i] as Measured);
  const fit = best.filter(
    ({ quality, outputsAgree, latencyMs }) =>
      outputsAgree && quality >= qualityFloor && (thresholdMs === undefined || latencyMs <= thresholdMs),
  );
  const byQuality = (a: Measured, b: Measured) => b.quality - a.quality || a.latencyMs - b.latencyMs;
  const byLatency = (a: Measured, b: Measured) => a.latencyMs - b.latencyMs;
  const recommended = fit.sort(thresholdMs === undefined ? byLatency : byQuality)[0];
  const control = measured.find(({ variant }) => variant === base);
  return {
    front: best.sort(byLatency).slice(0, mostPoints).map(withoutExtras),
    recommended: recommended?.variant,
    message: recommended ? `serve ${recommended.label}` : why(measured, { qualityFloor, thresholdMs }),
    // Twice the base's latency and a tenth of quality lost: a corner that every variant worth having is inside of.
    hypervolume: control && hypervolume(points, [2 * control.latencyMs, 1 - control.quality + 0.1]),
  };
}

function why(measured: Measured[], { qualityFloor, thresholdMs }: Limits): string {
  if (measured.length === 0) return 'nothing is measured yet';
  const good = measured.filter(({ quality }) => quality >= qualityFloor).sort((a, b) => a.latencyMs - b.latencyMs)[0];
  const floor = `${(100 * qualityFloor).toFixed(2)}%`;
  if (!good) return `no variant reaches the quality floor of ${floor}: lower it, or widen the space`;
  return `no variant above ${floor} meets ${thresholdMs} ms: the fastest takes ${good.latencyMs.toFixed(2)} ms`;
}
