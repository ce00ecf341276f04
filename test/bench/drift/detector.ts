/** The detector that judges SLAs, as it watches one replica of the simulation. */
import { expectedMedianMs, expectedTailMs, saturated } from '../../../src/core/sla/choice.ts';
import { alarmed, type Charts, watch } from '../../../src/core/sla/drift/drift.ts';
import { quantile, summarize } from '../../../src/core/statistics/quantile.ts';
import { loadCurve } from '../../../src/core/statistics/queue-simulation.ts';
import { durationBuckets } from '../../../src/serve/metrics.ts';
import { copy, type Replica, serve } from './production.ts';

export const intervalMs = 5000;
const giveUpMs = 600_000;

/** What happens to service times; the first is what the figures are about. */
export const slowdowns = {
  'every request takes 20% longer': () => (ms: number) => 1.2 * ms,
  'the slowest 5% take half as long again': (p95Ms: number) => (ms: number) => (ms > p95Ms ? 1.5 * ms : ms),
} as const;
export type Slowdown = keyof typeof slowdowns;

/** A model in production, in milliseconds, and the trial that its operator knows it by. */
export interface Measured {
  service: Float64Array;
  trialMs: Float64Array;
}

export const p95Of = ({ service }: Measured): number => quantile(service.toSorted(), 0.95);

/** One interval of traffic, and the charts after it. */
export type Step = (charts: Charts, replica: Replica, slowed: (ms: number) => number) => Charts;

export function stepOf({ service, trialMs }: Measured): Step {
  const { p50Ms, p99Ms } = summarize(trialMs);
  const measured = { p50Ms, p99Ms, loadCurve: loadCurve(trialMs) };
  const bounds = [...durationBuckets.map((seconds) => seconds * 1000), Number.POSITIVE_INFINITY];
  const expectedAt = (rate: number) => ({
    saturated: saturated(measured, rate),
    medianMs: expectedMedianMs(measured, rate),
    tailMs: expectedTailMs(measured, rate),
  });
  return (charts, replica, slowed) => {
    const histogram = serve(replica, replica.clockMs + intervalMs, { service, slowed }, bounds);
    return watch(charts, { histogram, seconds: intervalMs / 1000, replicas: 1 }, expectedAt);
  };
}

/** Seconds until an alarm after a slowdown that begins now and stays; Infinity without any in ten minutes. */
export function detect(step: Step, charts: Charts, replica: Replica, slowed: (ms: number) => number): number {
  let now = charts;
  const on = copy(replica);
  while (on.clockMs - replica.clockMs < giveUpMs) {
    now = step(now, on, slowed);
    if (alarmed(now)) return (on.clockMs - replica.clockMs) / 1000;
  }
  return Number.POSITIVE_INFINITY;
}
