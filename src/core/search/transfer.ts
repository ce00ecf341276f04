import type { Candidate } from '../../api/candidate.ts';
import { type Candidates, fewestMeasurements, fit, learn } from '../hardware/predictor/predictor.ts';
import { tableOf } from '../linear-algebra/table.ts';
import { hypervolume } from './pareto.ts';
import type { Space } from './space.ts';

/** A variant that was measured on other accelerators, as one that came later sees it. */
export interface Known {
  candidate: Candidate;
  /** What is to be made small beside latency. */
  loss: number;
  /** Milliseconds on each of the other accelerators, in the same order for all; undefined where it was not measured. */
  elsewhereMs: readonly (number | undefined)[];
  /** Milliseconds here, once it was measured. */
  hereMs?: number;
}

const largest = (choices: readonly number[]) => Math.max(1, ...choices);

/** Where each dimension stands, which precision it is, and its threads. */
function featuresOf({ dimensions, precisions }: Space, { dimensions: chosen, precision, engine }: Candidate): number[] {
  return [
    ...dimensions.map(({ name, choices }) => (chosen[name] ?? largest(choices)) / largest(choices)),
    ...precisions.map((one) => Number(one === precision)),
    Math.log2(engine.threads),
  ];
}

const candidatesOf = (space: Space, known: readonly Known[]): Candidates => ({
  features: tableOf(known.map(({ candidate }) => featuresOf(space, candidate))),
  sources: tableOf(known.map(({ elsewhereMs }) => elsewhereMs.map((ms) => ms ?? Number.NaN))),
});

/** As many times what it takes elsewhere as those that were measured here do: all that one or two of them can tell. */
function byRatio(known: readonly Known[]): number[] {
  const mean = ({ elsewhereMs }: Known) => {
    const logs = elsewhereMs.flatMap((ms) => (ms ? [Math.log(ms)] : []));
    return logs.reduce((sum, log) => sum + log, 0) / logs.length;
  };
  const offsets = known
    .flatMap((one) => (one.hereMs ? [Math.log(one.hereMs) - mean(one)] : []))
    .filter(Number.isFinite);
  const offset = offsets.reduce((sum, each) => sum + each, 0) / Math.max(1, offsets.length);
  return known.map((one) => Math.exp(mean(one) + offset));
}

/** What each should take here, in milliseconds; not a number where nothing says. */
function predicted(space: Space, known: readonly Known[]): number[] {
  const here = known.filter(({ hereMs }) => hereMs !== undefined);
  if (here.length < fewestMeasurements) return byRatio(known);
  const experience = learn(candidatesOf(space, known));
  const ms = Float64Array.from(here, ({ hereMs = 0 }) => hereMs);
  const { meanLog } = fit(experience, { candidates: candidatesOf(space, here), ms }).predict(
    candidatesOf(space, known),
  );
  return Array.from(meanLog, Math.exp);
}

/**
 * The variants that are worth measuring here next, by their places in `known`: those that should add most to what is
 * dominated by quality and latency, one after the other, until none should add anything. `corner` is the latency and the
 * loss beyond which nothing counts.
 */
export function worthMeasuring(
  space: Space,
  known: readonly Known[],
  corner: readonly [number, number],
  count: number,
): number[] {
  const expected = predicted(space, known);
  const points = known.flatMap(({ hereMs, loss }): [number, number][] => (hereMs ? [[hereMs, loss]] : []));
  const left = new Set(known.keys().filter((i) => known[i]?.hereMs === undefined && Number.isFinite(expected[i])));
  const chosen: number[] = [];
  while (chosen.length < count) {
    const present = hypervolume(points, corner);
    const gains = [...left].map((i) => {
      const point: [number, number] = [expected[i] as number, known[i]?.loss ?? 0];
      return { i, point, gain: hypervolume([...points, point], corner) - present };
    });
    const best = gains.reduce<(typeof gains)[0] | undefined>((a, b) => (a && a.gain >= b.gain ? a : b), undefined);
    if (!best || best.gain <= 0) break;
    chosen.push(best.i);
    points.push(best.point);
    left.delete(best.i);
  }
  return chosen;
}
