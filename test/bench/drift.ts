/**
 * How soon the drift detector finds a slowdown of 20%, and how often it claims one in thirty days without any: a replica
 * behind a queue with diurnal, bursty traffic, seen as production is, through the buckets of a histogram every five
 * seconds. The detector is the one that judges SLAs.
 */
import { parseArgs } from 'node:util';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { alarmed, type Charts, nothingKnown } from '../../src/core/sla/drift/drift.ts';
import { quantile } from '../../src/core/statistics/quantile.ts';
import { detect, intervalMs, type Measured, p95Of, type Slowdown, slowdowns, stepOf } from './drift/detector.ts';
import { aReplica, serviceTimes } from './drift/production.ts';
import { rollouts, soon } from './drift/rollouts.ts';

const usage = 'npm run bench -- drift [--seed N] [--days N] [--rollouts HOURS] --json';
const dayMs = 86_400_000;
const stepsPerDay = dayMs / intervalMs;
const repeats = 300;

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      days: { type: 'string', default: '30' },
      rollouts: { type: 'string' },
    },
  });
  const [seed, days, everyHours] = [values.seed, values.days, values.rollouts ?? '0'].map(Number) as [
    number,
    number,
    number,
  ];
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed is a whole number: ${usage}`);
  if (!Number.isInteger(days) || days < 1) throw new Error(`--days is a whole number from 1 on: ${usage}`);
  if (!Number.isInteger(everyHours) || everyHours < 0) throw new Error(`--rollouts is whole hours: ${usage}`);
  return { seed, days, everyHours };
}

/** A model in production and the trial that its operator knows it by. */
const aWorkload = (random: RandomGenerator): Measured => ({
  service: serviceTimes(random, 1 << 16),
  trialMs: serviceTimes(random, 2000),
});

function dayLine(day: number, { median, tail }: Charts, falseAlarms: number): string {
  const of = (name: string, chart: Charts['tail']) =>
    `${name} x${chart?.ratio.toFixed(3)} of the trial's, dispersion ${chart?.dispersion.toFixed(1)}`;
  return `day ${day}: ${of('median', median)}; ${of('p99', tail)}; ${falseAlarms} false alarms`;
}

/** What a rollout costs a detector: how soon it finds what begins two minutes after one, and what it makes up. */
function withRollouts(
  say: (line: string) => void,
  random: RandomGenerator,
  options: { seed: number; days: number; everyHours: number },
): object {
  const found = rollouts(random, options);
  for (const [name, delays] of Object.entries(found.delays)) say(`after a rollout, ${soon(name, delays)}`);
  const sorted = Float64Array.from(found.delays['every request takes 20% longer']).sort();
  return {
    ...{ rollouts: found.rollouts, detectionSecondsAfterRollout: quantile(sorted, 0.5) },
    ...{ falseAlarms: found.falseAlarms, simulatedDays: options.days },
  };
}

export async function drift(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { seed, days, everyHours } = readOptions(args);
  const random = xoroshiro128plus(seed);
  if (everyHours > 0) return withRollouts(say, random, { seed, days, everyHours });
  const workload = aWorkload(random);
  const step = stepOf(workload);
  const p95Ms = p95Of(workload);
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
  for (const name of names) say(soon(name, delays[name]));
  const detectionSeconds = quantile(Float64Array.from(delays['every request takes 20% longer']).sort(), 0.5);
  return { detectionSeconds, falseAlarms, simulatedDays: days };
}
