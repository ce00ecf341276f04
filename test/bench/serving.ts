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
import { infadapter, published, qualityFirst } from './serving/policies/infadapter.ts';
import { retune } from './serving/policies/retune.ts';
import { type Policy, simulate } from './serving/simulate.ts';
import { bursty, diurnal, flashCrowd } from './serving/traces.ts';
import { rounded, standing, together, told } from './serving/versus.ts';

const maxDrop = '2%';
const headroom = 0.2;
const surroundings = { most: 12, places: 16, startSeconds: 10, patienceMs: 1000 };
/** The load is told in what so many replicas of the base model carry within the threshold. */
const unitReplicas = 4;
/** Each kind of trace is drawn so often. */
const draws = 3;

const carried = (model: MeasuredVariant, limitMs: number) => rateWithin(toFinalist(model), limitMs);

async function readFront(file: string | undefined): Promise<{ front: Front; base: MeasuredVariant }> {
  const from = file ?? new URL('./serving/front.json', import.meta.url);
  const text = await readFile(from, 'utf8').catch(() => {
    throw new Error(`there is no measured front ${from}: node test/bench/serving/record.ts makes one`);
  });
  const front = Front.parse(JSON.parse(text));
  const base = front.variants.find(({ variant }) => variant === front.base);
  if (!base) throw new Error(`the front ${from} has no base variant ${front.base}`);
  return { front, base };
}

function optionsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      replicas: { type: 'string', default: '2' },
      load: { type: 'string', default: '1' },
      front: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'seed' | 'replicas') => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on`);
    return value;
  };
  const load = Number(values.load);
  if (!(load > 0)) throw new Error('--load must be a number above zero');
  return { ...values, load, seed: whole('seed'), replicas: whole('replicas') };
}

/** By name, each made anew for every trace. */
function policiesOf(front: Front, base: MeasuredVariant, hear?: (second: number, text: string) => void) {
  const { thresholdMs } = front;
  const limit = { maxDrop: fraction(maxDrop), base: base.quality };
  const allowed = front.variants.filter(({ quality }) => acceptable(quality, limit));
  const fastest = allowed.reduce((a, b) => (carried(b, thresholdMs) > carried(a, thresholdMs) ? b : a));
  // An autoscaler that knows this SLA: the utilisation at which the base model is at the threshold less headroom.
  const tuned = (carried(base, thresholdMs * (1 - headroom)) * base.meanMs) / 1000;
  const policies: Record<string, () => Policy> = {
    base: () => alone(base),
    fastest: () => alone(fastest),
    hpa: () => horizontalPodAutoscaler(base, tuned),
    hpaAt80: () => horizontalPodAutoscaler(base, 0.8),
    infadapter: () => infadapter(allowed, { thresholdMs, headroom, weights: published }),
    infadapterForQuality: () => infadapter(allowed, { thresholdMs, headroom, weights: qualityFirst }),
    retune: () => retune(front, { thresholdMs, maxDrop }, hear),
  };
  return { policies, tuned, allowed };
}

/**
 * Policies that keep an SLA, compared on the same arrivals: a day compressed, bursts, and flash crowds, served with the
 * measured service times of the quick-start front. What each may do is in docs/choosing.md. `violationsAgainstHpa` is
 * how many times more windows the autoscaler violates on the base model than Retune does, `qualityLostPoints` what
 * Retune gives up, and `standing` how Retune stands to each of the others.
 */
export async function serving(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { seed, replicas, load, front: file, verbose } = optionsOf(args);
  const { front, base } = await readFront(file);
  const conditions: Conditions = { ...surroundings, replicas, thresholdMs: front.thresholdMs };
  const unit = load * unitReplicas * carried(base, front.thresholdMs);
  const hear = (second: number, text: string) => say(`    ${second} s: ${text}`);
  const { policies, tuned, allowed } = policiesOf(front, base, verbose ? hear : undefined);
  say(`${front.machine}: ${allowed.length} variants; load 1 is ${unit.toFixed(1)} requests/s`);
  say(`the autoscaler aims at ${(100 * tuned).toFixed(0)}% of CPU`);
  const kinds = Object.entries({ diurnal, bursty, flashCrowd }).map(([kind, make], i) => ({
    kind,
    traces: Array.from({ length: draws }, (_, draw) => make(unit, 1000 * seed + 100 * i + 10 * draw)),
  }));
  const results = Object.entries(policies).map(([name, make]) => {
    const byTrace = kinds.map(({ kind, traces }) => {
      const outcome = together(traces.map((trace) => simulate(trace, make(), conditions, base)));
      say(`${name.padEnd(20)} ${kind.padEnd(10)} ${told(outcome)}`);
      return [kind, outcome] as const;
    });
    return { name, mean: together(byTrace.map(([, outcome]) => outcome)), byTrace };
  });
  const meanOf = (wanted: string) => {
    const found = results.find(({ name }) => name === wanted);
    if (!found) throw new Error(`there is no policy ${wanted}`);
    return found.mean;
  };
  const [hpa, ours] = [meanOf('hpa'), meanOf('retune')];
  const others = results.filter(({ name }) => name !== 'retune');
  const json = ({ mean, byTrace }: (typeof results)[number]) => ({
    ...rounded(mean),
    byTrace: Object.fromEntries(byTrace.map(([kind, outcome]) => [kind, rounded(outcome)])),
  });
  return {
    ...{ seed, replicas, load },
    policies: Object.fromEntries(results.map((result) => [result.name, json(result)])),
    standing: Object.fromEntries(others.map(({ name, mean }) => [name, standing(ours, mean)])),
    // Without a single violated window one stands for none: the ratio is then a lower bound.
    violationsAgainstHpa: Number((hpa.violatedShare / (ours.violatedShare || 1 / ours.windows)).toPrecision(3)),
    qualityLostPoints: Number(ours.qualityLostPoints.toPrecision(3)),
  };
}
