import { studentQuantile } from '../../statistics/ratio-of-sums.ts';
import type { Candidates } from './candidates.ts';
import { checkLike, type Experience } from './experience.ts';
import { fitExpert, type LogLatency, weighedRows } from './expert.ts';
import { calibration, mix, stack } from './stacking.ts';

export type { Candidates, Grouping } from './candidates.ts';
export { type Experience, learn } from './experience.ts';
export type { LogLatency } from './expert.ts';

/** What was measured on the new device. */
export interface Measured {
  candidates: Candidates;
  /** Milliseconds of each, above zero. */
  ms: Float64Array;
  /** The steps of the clock that they were read from; 0 (default) for a fine one. */
  resolutionMs?: number;
}

export interface Predictor {
  /** What the device would be measured to do: the scale of Student's t with `freedom` degrees around the mean. */
  predict(candidates: Candidates): LogLatency;
  freedom: number;
  /** How much the sum of milliseconds counts against the product of shares, 0 to 1. */
  additiveShare: number;
}

/** Below this no spread can be told from noise. */
export const fewestMeasurements = 3;

/** What is found beside the views' weights costs a degree of freedom each: mean, overall variance, noise. */
const freedomOf = (measured: number) => Math.max(2, measured - 3);

/**
 * Predicts a device from a handful of its measurements and all that the sources taught. Throws RangeError on bad shapes
 * or numbers, or fewer than three measurements.
 */
export function fit(experience: Experience, { candidates, ms, resolutionMs = 0 }: Measured): Predictor {
  checkLike(experience, candidates);
  if (ms.length !== candidates.features.rows) {
    throw new RangeError(`${candidates.features.rows} candidates have ${ms.length} measurements: give one each`);
  }
  if (ms.length < fewestMeasurements) {
    throw new RangeError(`${ms.length} measurements are too few to predict from: give ${fewestMeasurements} or more`);
  }
  if (!ms.every((one) => one > 0 && Number.isFinite(one))) throw new RangeError('a measurement is not above zero');
  const experts = experience.lessons.map((lesson) => fitExpert(lesson, candidates, ms, resolutionMs));
  const [a, b] = experts as [(typeof experts)[0], (typeof experts)[0]];
  const logs = Float64Array.from(weighedRows(ms.length), (i) => Math.log(ms[i] as number));
  const share = stack([a.leftOut, b.leftOut], logs);
  const freedom = freedomOf(ms.length);
  const wider = calibration(mix([a.leftOut, b.leftOut], share), logs) * Math.sqrt(ms.length / freedom);
  return {
    freedom,
    additiveShare: share,
    predict: (wanted) => {
      checkLike(experience, wanted);
      const { meanLog, sdLog } = mix([a.predict(wanted), b.predict(wanted)], share);
      return { meanLog, sdLog: sdLog.map((sd) => sd * wider) };
    },
  };
}

/** Milliseconds that each candidate stays below with the probability of a normal value below `z` (1.645: 95%). */
export function quantileMs({ meanLog, sdLog }: LogLatency, freedom: number, z: number): Float64Array {
  const t = studentQuantile(freedom, z);
  return meanLog.map((mean, i) => Math.exp(mean + t * (sdLog[i] as number)));
}
