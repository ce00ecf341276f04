import { type Candidates, pickCandidates } from './candidates.ts';
import { type Design, describe, missingShares, views } from './design.ts';
import type { Weights } from './evidence.ts';
import { drawRows, type Lesson } from './experience.ts';
import { type Observation, observe, taskOf } from './observation.ts';
import { leaveOneOut, type Posterior, type ProcessPosterior, posterior } from './posterior.ts';
import { regression } from './regression.ts';
import { noiseShape, type Scale, toLog } from './scale.ts';
import { weigh } from './weighing.ts';

/** Log milliseconds of some candidates: the mean and the standard deviation of each, the measurement's noise included. */
export interface LogLatency {
  meanLog: Float64Array;
  sdLog: Float64Array;
}

/** One scale's predictor of a device. */
export interface Expert {
  predict(candidates: Candidates): LogLatency;
  /** Each measured candidate (the first `mostWeighed` drawn) predicted from the others. */
  leftOut: LogLatency;
}

/** More measurements than this tell no more about weights, and the time to weigh grows with the cube. */
const mostWeighed = 60;

const rest = views.indexOf('rest');

function asLogs(scale: Scale, centreMs: number, rows: readonly { mean: number; variance: number }[]): LogLatency {
  const logs = rows.map(({ mean, variance }) => toLog(scale, mean, Math.sqrt(variance), centreMs));
  return {
    meanLog: Float64Array.from(logs, ({ meanLog }) => meanLog),
    sdLog: Float64Array.from(logs, ({ sdLog }) => sdLog),
  };
}

function solve(by: Design, observed: Observation, weights: Weights): ProcessPosterior {
  const found = posterior(taskOf(by, observed), observed.described, by.starts, weights);
  if (!found) throw new RangeError('the measurements contradict each other: no weights explain them');
  return found;
}

/** Rows that weights are found with: all, or a draw of them. */
export const weighedRows = (measured: number): Int32Array => drawRows(measured, mostWeighed, 3);

/** Milliseconds that `found`, the posterior of `by`, expects of the measurements of `of`. */
const expectedMs = (scale: Scale, found: Posterior, by: Observation, of: Observation): Float64Array =>
  Float64Array.from({ length: of.size }, (_, i) => {
    const { mean } = found.predict(of.described, i);
    return Math.exp(toLog(scale, mean + by.offset, 0, by.centreMs).meanLog);
  });

/** Fits one lesson to `ms`, a measurement for each of the candidates `measured`, read from a clock of `resolutionMs`. */
export function fitExpert(lesson: Lesson, measured: Candidates, ms: Float64Array, resolutionMs: number): Expert {
  const { scale, design, belief } = lesson;
  const rows = weighedRows(ms.length);
  const someMs = Float64Array.from(rows, (i) => ms[i] as number);
  const first = observe(design, pickCandidates(measured, rows), someMs, someMs, resolutionMs);
  const [weights = belief.weights] = weigh([taskOf(design, first)], belief);
  // Noise goes with what is expected, not with what happened to be measured: else the lucky runs count most.
  const expecting = (observed: Observation, expected: Float64Array): Observation => ({
    ...observed,
    noise: expected.map((one) => noiseShape(scale, one, observed.centreMs, resolutionMs)),
  });
  const some = expecting(first, expectedMs(scale, solve(design, first, weights), first, first));
  const foundFromSome = solve(design, some, weights);
  const leftOut = leaveOneOut(foundFromSome, some.values).map(({ mean, variance }) => ({
    mean: mean + some.offset,
    variance: variance * foundFromSome.variance,
  }));
  let [all, found]: [Observation, Posterior] = [some, foundFromSome];
  if (rows.length < ms.length) {
    const observed = observe(design, measured, ms, ms, resolutionMs);
    all = expecting(observed, expectedMs(scale, foundFromSome, some, observed));
    found = regression(all, design.starts, weights) ?? solve(design, all, weights);
  }
  return {
    leftOut: asLogs(scale, some.centreMs, leftOut),
    predict: (candidates) => predictAll(lesson, found, all, candidates, resolutionMs),
  };
}

function predictAll(
  { scale, design }: Lesson,
  found: Posterior,
  { offset, centreMs }: Observation,
  candidates: Candidates,
  resolutionMs: number,
): LogLatency {
  const [described, missing] = [describe(design, candidates), missingShares(design, candidates)];
  const { weights, variance } = found;
  const [level, unknown] = [Math.exp(weights.noise), Math.exp(weights.views[rest] as number)];
  const rows = Array.from({ length: described.rows }, (_, i) => {
    const { mean, unexplained } = found.predict(described, i);
    const expectedMs = Math.exp(toLog(scale, mean + offset, 0, centreMs).meanLog);
    const noise = level * noiseShape(scale, expectedMs, centreMs, resolutionMs) + unknown * (missing[i] as number);
    return { mean: mean + offset, variance: variance * (unexplained + noise) };
  });
  return asLogs(scale, centreMs, rows);
}
