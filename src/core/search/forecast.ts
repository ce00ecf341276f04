import type { Candidate } from '../../api/candidate.ts';
import type { Abilities } from '../../api/hardware-profile.ts';
import type { WorkPart } from '../../api/work.ts';
import { partTimes } from '../hardware/composition.ts';
import { type Candidates, fewestMeasurements, fit, learn, quantileMs } from '../hardware/predictor/predictor.ts';
import { tableOf } from '../linear-algebra/table.ts';
import type { Space } from './space.ts';

/** A variant that was made, as one accelerator sees it. */
export interface Known {
  candidate: Candidate;
  /** What is to be made small beside latency. */
  loss: number;
  /** What a request is made of, where it could be analysed. */
  parts?: readonly WorkPart[];
  /** Milliseconds on each of the other accelerators, in the same order for all; undefined where it was not measured. */
  elsewhereMs: readonly (number | undefined)[];
  /** Milliseconds here, once it was measured. */
  hereMs?: number;
}

/** What a variant should take here, in milliseconds: the median, and what 95% of measurements stay above and below. */
export interface Forecast {
  ms: number;
  lowMs: number;
  highMs: number;
}

const largest = (choices: readonly number[]) => Math.max(1, ...choices);

/** Where each dimension stands, which precision it is, and its threads. */
function choicesOf({ dimensions, precisions }: Space, { dimensions: chosen, precision, engine }: Candidate): number[] {
  return [
    ...dimensions.map(({ name, choices }) => (chosen[name] ?? largest(choices)) / largest(choices)),
    ...precisions.map((one) => Number(one === precision)),
    Math.log2(engine.threads),
  ];
}

const partName = ({ kind, precision }: WorkPart) => `${kind} ${precision}`;

/** What is known of each by the table of the accelerator: the time of each kind of operator, and the sum of all. */
interface Composed {
  features: number[];
  totalMs: number;
}

/** The table's times, as shares of the mean whole; nothing where there is no table, or one that was not analysed. */
function composed(known: readonly Known[], abilities: Abilities | undefined): Composed[] | undefined {
  if (!abilities || known.some(({ parts }) => parts === undefined)) return undefined;
  const all = known.map(({ parts = [] }) => ({ parts: [...parts] }));
  const names = [...new Set(all.flatMap(({ parts }) => parts.map(partName)))].sort();
  const times = all.map((work) => partTimes(work, abilities));
  const totals = times.map((parts) => parts.reduce((sum, { ms }) => sum + ms, 0));
  const mean = totals.reduce((sum, ms) => sum + ms, 0) / totals.length;
  return times.map((parts, i) => {
    const byName = new Map(parts.map(({ part, ms }) => [partName(part), ms]));
    return { features: names.map((name) => (byName.get(name) ?? 0) / mean), totalMs: totals[i] as number };
  });
}

/** Choices and the table's times say what a candidate is made of; other accelerators and the table's sum what it takes. */
function candidatesOf(space: Space, known: readonly Known[], table: Composed[] | undefined, rows: readonly number[]) {
  const features = rows.map((i) => [
    ...choicesOf(space, (known[i] as Known).candidate),
    ...(table?.[i]?.features ?? []),
  ]);
  const sources = rows.map((i) => [
    ...(known[i] as Known).elsewhereMs.map((ms) => ms ?? Number.NaN),
    ...(table ? [(table[i] as Composed).totalMs] : []),
  ]);
  return { features: tableOf(features), sources: tableOf(sources) } satisfies Candidates;
}

/** As many times what it takes elsewhere as those that were measured here do: all that one or two of them can tell. */
function byRatio(known: readonly Known[]): (Forecast | undefined)[] {
  const mean = ({ elsewhereMs }: Known) => {
    const logs = elsewhereMs.flatMap((ms) => (ms ? [Math.log(ms)] : []));
    return logs.reduce((sum, log) => sum + log, 0) / logs.length;
  };
  const offsets = known
    .flatMap((one) => (one.hereMs ? [Math.log(one.hereMs) - mean(one)] : []))
    .filter(Number.isFinite);
  const offset = offsets.reduce((sum, each) => sum + each, 0) / Math.max(1, offsets.length);
  return known.map((one) => {
    const ms = Math.exp(mean(one) + offset);
    return Number.isFinite(ms) ? { ms, lowMs: 0, highMs: Number.POSITIVE_INFINITY } : undefined;
  });
}

/** Five in a hundred measurements are beyond either end. */
export const z90 = 1.6449;

/**
 * What each should take here: from the measurements made here, what others took elsewhere, and the accelerator's own
 * table composed over each graph (`abilities`). Undefined where nothing says.
 */
export function forecasts(
  space: Space,
  known: readonly Known[],
  abilities: Abilities | undefined,
): (Forecast | undefined)[] {
  const here = [...known.keys()].filter((i) => known[i]?.hereMs !== undefined);
  if (here.length < fewestMeasurements) return byRatio(known);
  const table = composed(known, abilities);
  const everyone = candidatesOf(space, known, table, [...known.keys()]);
  const ms = Float64Array.from(here, (i) => known[i]?.hereMs ?? 0);
  const predictor = fit(learn(everyone), { candidates: candidatesOf(space, known, table, here), ms });
  const log = predictor.predict(everyone);
  const [low, high] = [-z90, z90].map((z) => quantileMs(log, predictor.freedom, z)) as [Float64Array, Float64Array];
  return known.map((_, i) => ({
    ms: Math.exp(log.meanLog[i] as number),
    ...{ lowMs: low[i] as number, highMs: high[i] as number },
  }));
}
