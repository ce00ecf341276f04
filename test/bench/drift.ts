/**
 * How soon the drift detector finds a slowdown of 20%, and how often it claims one in thirty days without any: a replica
 * behind a queue with diurnal, bursty traffic, seen as production is, through the buckets of a histogram every five
 * seconds. The detector is the one that judges SLAs.
 */
import { parseArgs } from 'node:util';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { expectedMedianMs, expectedTailMs, saturated } from '../../src/core/sla/choice.ts';
import { alarmed, type Charts, nothingKnown, watch } from '../../src/core/sla/drift/drift.ts';
import { quantile, summarize } from '../../src/core/statistics/quantile.ts';
import { loadCurve } from '../../src/core/statistics/queue-simulation.ts';
import { durationBuckets } from '../../src/serve/metrics.ts';
import { aReplica, copy, type Replica, serve, serviceTimes } from './drift/production.ts';

const usage = 'npm run bench -- drift [--seed N] [--days N] --json';
const intervalMs = 5000;
const dayMs = 86_400_000;
const stepsPerDay = dayMs / intervalMs;
const repeats = 300;
const giveUpMs = 600_000;

/** What happens to service times; the first is what the figures are about. */
const slowdowns = {
  'every request takes 20% longer': () => (ms: number) => 1.2 * ms,
  'the slowest 5% take half as long again': (p95Ms: number) => (ms: number) => (ms > p95Ms ? 1.5 * ms : ms),
} as const;
type Slowdown = keyof typeof slowdowns;

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string', default: '1' }, days: { type: 'string', default: '30' } },
  });
  const [seed, days] = [Number(values.seed), Number(values.days)];
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed is a whole number: ${usage}`);
  if (!Number.isInteger(days) || days < 1) throw new Error(`--days is a whole number from 1 on: ${usage}`);
  return { seed, days };
}

/** A model in production and the trial that its operator knows it by. */
function aWorkload(random: RandomGenerator) {
  const service = serviceTimes(random, 1 << 16);
  const trialMs = serviceTimes(random, 2000);
  const { p50Ms, p99Ms } = summarize(trialMs);
  return { service, measured: { p50Ms, p99Ms, loadCurve: loadCurve(trialMs) } };
}

type Step = (charts: Charts, replica: Replica, slowed: (ms: number) => number) => Charts;

function stepOf({ service, measured }: ReturnType<typeof aWorkload>): Step {
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
function detect(step: Step, charts: Charts, replica: Replica, slowed: (ms: number) => number): number {
  let now = charts;
  const on = copy(replica);
  while (on.clockMs - replica.clockMs < giveUpMs) {
    now = step(now, on, slowed);
    if (alarmed(now)) return (on.clockMs - replica.clockMs) / 1000;
  }
  return Number.POSITIVE_INFINITY;
}

function dayLine(day: number, { median, tail }: Charts, falseAlarms: number): string {
  const of = (name: string, chart: Charts['tail']) =>
    `${name} x${chart?.ratio.toFixed(3)} of the trial's, dispersion ${chart?.dispersion.toFixed(1)}`;
  return `day ${day}: ${of('median', median)}; ${of('p99', tail)}; ${falseAlarms} false alarms`;
}

export async function drift(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { seed, days } = readOptions(args);
  const random = xoroshiro128plus(seed);
  const workload = aWorkload(random);
  const step = stepOf(workload);
  const p95Ms = quantile(workload.service.toSorted(), 0.95);
  const moments = new Set(
    Array.from({ length: repeats }, () => uniformInt(random, stepsPerDay / 24, days * stepsPerDay - 1)),
  );
  const delays: Record<Slowdown, number[]> = {
    'every request takes 20% longer': [],
    'the slowest 5% take half as long again': [],
  };
  const names = Object.keys(slowdowns) as Slowdown[];
  const replica = aReplica(seed + 1);
  let charts = nothingKnown;
  let falseAlarms = 0;
  for (let i = 1; i <= days * stepsPerDay; i++) {
    const before = alarmed(charts);
    charts = step(charts, replica, (ms) => ms);
    if (alarmed(charts) && !before) falseAlarms++;
    if (moments.has(i) && !alarmed(charts)) {
      for (const name of names) delays[name].push(detect(step, charts, replica, slowdowns[name](p95Ms)));
    }
    if (i % stepsPerDay === 0) say(dayLine(i / stepsPerDay, charts, falseAlarms));
  }
  for (const name of names) {
    const sorted = delays[name].sort((a, b) => a - b);
    const misses = sorted.filter((seconds) => !Number.isFinite(seconds)).length;
    say(
      `${sorted.length} times ${name}: half found within ${quantile(sorted, 0.5)} s, 90% within ${quantile(sorted, 0.9)} s, ${misses} missed in ten minutes`,
    );
  }
  const detectionSeconds = quantile(delays['every request takes 20% longer'], 0.5);
  return { detectionSeconds, falseAlarms, simulatedDays: days };
}
