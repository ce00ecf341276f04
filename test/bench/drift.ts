/**
 * How soon the drift detector finds a slowdown of 20%, and how often it claims one in thirty days without any: a replica
 * behind a queue with diurnal, bursty traffic, seen as production is, through the buckets of a histogram every five
 * seconds. The detector is the one that judges SLAs.
 */
import { parseArgs } from 'node:util';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expectedMedianMs, expectedTailMs, saturated } from '../../src/core/sla/choice.ts';
import { alarmed, type Charts, nothingKnown, watch } from '../../src/core/sla/drift/drift.ts';
import { quantile, summarize } from '../../src/core/statistics/quantile.ts';
import { loadCurve } from '../../src/core/statistics/queue-simulation.ts';
import { durationBuckets } from '../../src/serve/metrics.ts';
import { aReplica, copy, type Replica, serve, serviceTimes } from './drift/production.ts';

const usage = 'npm run bench -- drift [--seed N] [--days N] --json';
const intervalMs = 5000;
const dayMs = 86_400_000;
const slowdown = 1.2;
const repeats = 300;
const giveUpMs = 600_000;

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

export async function drift(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { seed, days } = readOptions(args);
  const random = xoroshiro128plus(seed);
  const service = serviceTimes(random, 1 << 16);
  // What a trial would have measured of the same model.
  const trialMs = serviceTimes(random, 2000);
  const { p50Ms, p99Ms } = summarize(trialMs);
  const measured = { p50Ms, p99Ms, loadCurve: loadCurve(trialMs) };
  const bounds = [...durationBuckets.map((seconds) => seconds * 1000), Number.POSITIVE_INFINITY];

  const expectedAt = (rate: number) => ({
    saturated: saturated(measured, rate),
    medianMs: expectedMedianMs(measured, rate),
    tailMs: expectedTailMs(measured, rate),
  });
  const step = (charts: Charts, replica: Replica, factor: number): Charts => {
    const untilMs = replica.clockMs + intervalMs;
    const histogram = serve(replica, untilMs, service, factor, bounds);
    return watch(charts, { histogram, seconds: intervalMs / 1000, replicas: 1 }, expectedAt);
  };

  const detect = (charts: Charts, replica: Replica): number => {
    let [now, on] = [charts, copy(replica)];
    const startMs = on.clockMs;
    while (on.clockMs - startMs < giveUpMs) {
      now = step(now, on, slowdown);
      if (alarmed(now)) return (on.clockMs - startMs) / 1000;
    }
    return Number.POSITIVE_INFINITY;
  };

  const steps = (days * dayMs) / intervalMs;
  const moments = new Set(Array.from({ length: repeats }, () => uniformInt(random, steps / days / 24, steps - 1)));
  const replica = aReplica(seed + 1);
  const delays: number[] = [];
  let charts = nothingKnown;
  let falseAlarms = 0;
  for (let i = 0; i < steps; i++) {
    const before = alarmed(charts);
    charts = step(charts, replica, 1);
    if (alarmed(charts) && !before) {
      falseAlarms++;
      const chart = charts.median?.alarmed ? 'median' : 'tail';
      say(`false alarm of the ${chart} at day ${(replica.clockMs / dayMs).toFixed(3)}`);
    }
    if (moments.has(i) && !alarmed(charts)) delays.push(detect(charts, replica));
    if ((i + 1) % (steps / days) === 0) {
      const { median, tail } = charts;
      say(
        `day ${(i + 1) / (steps / days)}: median x${median?.ratio.toFixed(3)} dispersion ${median?.dispersion.toFixed(1)}, tail x${tail?.ratio.toFixed(3)} dispersion ${tail?.dispersion.toFixed(1)}, ${falseAlarms} false alarms`,
      );
    }
  }
  delays.sort((a, b) => a - b);
  const misses = delays.filter((seconds) => !Number.isFinite(seconds)).length;
  say(
    `${delays.length} slowdowns of 20%: 90% found within ${quantile(delays, 0.9)} s, ${misses} missed in ten minutes`,
  );
  return { detectionSeconds: quantile(delays, 0.5), falseAlarms, simulatedDays: days };
}
