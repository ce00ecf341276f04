/**
 * The same days with a rollout every so many hours: what is served from then on was measured by a trial of its own, and
 * how it compares with production here is not known.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { afterRollout, alarmed, type Charts, nothingKnown } from '../../../src/core/sla/drift/drift.ts';
import { quantile } from '../../../src/core/statistics/quantile.ts';
import { detect, intervalMs, type Measured, p95Of, type Slowdown, type Step, slowdowns, stepOf } from './detector.ts';
import { aReplica, copy, type Replica, serviceTimes } from './production.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A slowdown begins so long after a rollout. */
const soonMs = 120_000;
/** What variants take, as a share of what the base model does. */
const speeds = [1, 0.75, 0.5];
/** Production may be slower or faster than a trial by so much, besides what HTTP adds. */
const mostBias = 0.1;

/** A variant of a given speed, and a trial that is off by a factor of its own. */
function aVariant(random: RandomGenerator, speed: number): Measured {
  const service = serviceTimes(random, 1 << 14).map((ms) => ms * speed);
  const bias = 1 + mostBias * (2 * uniformFloat64(random) - 1);
  return { service, trialMs: serviceTimes(random, 2000).map((ms) => ms * speed * bias) };
}

export interface Rollouts {
  rollouts: number;
  falseAlarms: number;
  /** Seconds until a slowdown that began two minutes after a rollout was found; Infinity where it was not in ten minutes. */
  delays: Record<Slowdown, number[]>;
}

/** Lets a replica live through rollouts; `carry` is what its detector knows after one. */
export function rollouts(
  random: RandomGenerator,
  { seed, days, everyHours }: { seed: number; days: number; everyHours: number },
  carry: (charts: Charts) => Charts = afterRollout,
): Rollouts {
  const replica: Replica = aReplica(seed);
  const found: Rollouts = {
    ...{ rollouts: 0, falseAlarms: 0 },
    delays: { 'every request takes 20% longer': [], 'the slowest 5% take half as long again': [] },
  };
  let charts = nothingKnown;
  let variant = aVariant(random, 1);
  let step: Step = stepOf(variant);
  let nextMs = everyHours * hourMs;
  while (replica.clockMs < days * dayMs) {
    if (replica.clockMs >= nextMs) {
      nextMs += everyHours * hourMs;
      found.rollouts++;
      variant = aVariant(random, speeds[Math.floor(uniformFloat64(random) * speeds.length)] ?? 1);
      step = stepOf(variant);
      charts = carry(charts);
    }
    const before = alarmed(charts);
    charts = step(charts, replica, (ms) => ms);
    if (alarmed(charts) && !before) found.falseAlarms++;
    const sinceMs = replica.clockMs - (nextMs - everyHours * hourMs);
    if (found.rollouts > 0 && sinceMs >= soonMs && sinceMs < soonMs + intervalMs && !alarmed(charts)) {
      const p95Ms = p95Of(variant);
      for (const name of Object.keys(slowdowns) as Slowdown[]) {
        found.delays[name].push(detect(step, charts, copy(replica), slowdowns[name](p95Ms)));
      }
    }
  }
  return found;
}

/** How soon a kind of slowdown was found, in words. */
export function soon(name: string, delays: readonly number[]): string {
  const sorted = Float64Array.from(delays).sort();
  const misses = sorted.filter((seconds) => !Number.isFinite(seconds)).length;
  return `${sorted.length} times ${name}: half found within ${quantile(sorted, 0.5)} s, 90% within ${quantile(sorted, 0.9)} s, ${misses} missed in ten minutes`;
}
