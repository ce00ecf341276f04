import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { fraction } from '../../src/api/units.ts';
import { acceptable } from '../../src/core/quality/limit.ts';
import { rateWithin } from '../../src/core/sla/headway.ts';
import type { Conditions } from './serving/cluster.ts';
import { toFinalist } from './serving/finalist.ts';
import { Front, type MeasuredVariant } from './serving/front.ts';
import { alone } from './serving/policies/alone.ts';
import { horizontalPodAutoscaler } from './serving/policies/hpa.ts';
import { infadapter } from './serving/policies/infadapter.ts';
import { retune } from './serving/policies/retune.ts';
import { type Outcome, type Policy, simulate } from './serving/simulate.ts';
import { bursty, diurnal, flashCrowd } from './serving/traces.ts';

const maxDrop = '2%';
const headroom = 0.2;
const conditions: Conditions = {
  ...{ thresholdMs: 50, replicas: 2, most: 6, places: 9, startSeconds: 10, patienceMs: 1000 },
};

const frontUrl = new URL('./serving/front.json', import.meta.url);

async function readFront(file: string | undefined): Promise<Front> {
  const text = await readFile(file ?? frontUrl, 'utf8').catch(() => {
    throw new Error(
      `there is no measured front ${file ?? frontUrl.pathname}: node test/bench/serving/record.ts makes it`,
    );
  });
  return Front.parse(JSON.parse(text));
}

const carried = (model: MeasuredVariant, share: number) =>
  rateWithin(toFinalist(model), share * conditions.thresholdMs);

/** The CPU utilisation at which the base model is at the threshold less headroom: an autoscaler tuned to this SLA. */
const tunedTarget = (base: MeasuredVariant) => (carried(base, 1 - headroom) * base.meanMs) / 1000;

/** Means over the traces, each of which counts alike; switches and replica-seconds are sums. */
function overTraces(outcomes: Outcome[]): Outcome {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((all, outcome) => all + of(outcome), 0);
  const mean = (of: (outcome: Outcome) => number) => sum(of) / outcomes.length;
  return {
    requests: sum((one) => one.requests),
    slowShare: mean((one) => one.slowShare),
    violatedShare: mean((one) => one.violatedShare),
    windows: sum((one) => one.windows),
    violatedWindows: sum((one) => one.violatedWindows),
    qualityLostPoints: mean((one) => one.qualityLostPoints),
    replicaSeconds: sum((one) => one.replicaSeconds),
    switches: sum((one) => one.switches),
  };
}

const rounded = (outcome: Outcome) =>
  Object.fromEntries(Object.entries(outcome).map(([key, value]) => [key, Number(value.toPrecision(4))]));

/**
 * Policies that keep an SLA, compared on the same arrivals: a day compressed, bursts, and flash crowds, served from the
 * measured service times of the quick-start front. See docs/choosing.md. `violationsAgainstHpa` is how many times more
 * windows are violated by the autoscaler on the base model than by Retune, `qualityLostPoints` what Retune gives up.
 */
export async function serving(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const options = {
    seed: { type: 'string', default: '1' },
    front: { type: 'string' },
    verbose: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const seed = Number(values.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed must be a whole number, not ${values.seed}`);
  const front = await readFront(values.front);
  const base = front.variants.find(({ variant }) => variant === front.base);
  if (!base) throw new Error(`the front has no base variant ${front.base}`);
  const limit = { maxDrop: fraction(maxDrop), base: base.quality };
  const allowed = front.variants.filter(({ quality }) => acceptable(quality, limit));
  const fastest = allowed.reduce((a, b) => (carried(b, 1) > carried(a, 1) ? b : a));
  const unit = conditions.replicas * carried(base, 1);
  const target = tunedTarget(base);
  say(
    `${front.machine}: ${allowed.length} variants; ${conditions.replicas} replicas of the base carry ${unit.toFixed(1)} requests/s`,
  );
  say(`HPA target ${(100 * target).toFixed(0)}%, fastest ${fastest.variant}`);
  const hear = values.verbose ? (second: number, text: string) => say(`    ${second} s: ${text}`) : undefined;
  const policies: Record<string, () => Policy> = {
    base: () => alone(base),
    fastest: () => alone(fastest),
    hpa: () => horizontalPodAutoscaler(base, target),
    hpaAt80: () => horizontalPodAutoscaler(base, 0.8),
    infadapter: () => infadapter(allowed, conditions.thresholdMs, headroom),
    retune: () => retune(front, { thresholdMs: conditions.thresholdMs, maxDrop }, hear),
  };
  const traces = [diurnal, bursty, flashCrowd].map((make, i) => make(unit, 100 * seed + i));
  const results = Object.entries(policies).map(([name, make]) => {
    const outcomes = traces.map((trace) => {
      const outcome = simulate(trace, make(), conditions, base);
      const { violatedWindows, windows, slowShare, qualityLostPoints, replicaSeconds, switches } = outcome;
      say(
        `${name.padEnd(10)} ${trace.name.padEnd(11)} ${violatedWindows}/${windows} windows, ${(100 * slowShare).toFixed(3)}% slow, ${qualityLostPoints.toFixed(3)} points, ${replicaSeconds} replica-s, ${switches} switches`,
      );
      return outcome;
    });
    return {
      name,
      mean: overTraces(outcomes),
      byTrace: Object.fromEntries(traces.map(({ name: trace }, i) => [trace, outcomes[i]])),
    };
  });
  const meanOf = (wanted: string) => results.find(({ name }) => name === wanted)?.mean;
  const [hpa, ours] = [meanOf('hpa'), meanOf('retune')];
  if (!hpa || !ours) throw new Error('the policies to compare are missing');
  return {
    seed,
    policies: Object.fromEntries(
      results.map(({ name, mean, byTrace }) => [
        name,
        {
          ...rounded(mean),
          byTrace: Object.fromEntries(Object.entries(byTrace).map(([trace, one]) => [trace, one && rounded(one)])),
        },
      ]),
    ),
    // Without a single violated window, one half stands for none: the ratio is then a lower bound.
    violationsAgainstHpa: Number((hpa.violatedShare / (ours.violatedShare || 0.5 / ours.windows)).toPrecision(3)),
    qualityLostPoints: Number(ours.qualityLostPoints.toPrecision(3)),
  };
}
