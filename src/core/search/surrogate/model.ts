import type { Features } from './features.ts';
import { fit } from './hyperparameters.ts';
import type { Kernel } from './kernel.ts';
import { condition, type Observations, type Posterior, trianglePairs } from './process.ts';
import { type Power, type Warp, warped, warpedError, warpOf } from './warp.ts';

/** What is learnt of one objective from its first trials, and kept until there are a quarter more. */
export interface Learnt {
  power: Power;
  kernel: Kernel;
}

/** One objective as it was measured. */
export interface Measurements {
  at: readonly number[];
  values: readonly number[];
  /** Standard errors of the values; 0 where they are exact. */
  errors: readonly number[];
}

/** More observations than these don't tell more of a kernel. */
const mostForKernel = 64;

/** Where the largest value is so many times the smallest, a logarithm may pull too far at those near 0. */
const wide = 30;

/** The scales that are worth trying; only values above 0 have others than their own. */
function powersFor(values: readonly number[]): readonly Power[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(low > 0)) return [1];
  return high > wide * low ? [0, 0.5, 1] : [0, 1];
}

const slice = ({ at, values, errors }: Measurements, count: number): Measurements => ({
  at: at.slice(0, count),
  values: values.slice(0, count),
  errors: errors.slice(0, count),
});

function observationsOn(warp: Warp, { at, values, errors }: Measurements): Observations {
  return {
    at,
    values: values.map((value) => warped(warp, value)),
    noise: errors.map((error, i) => warpedError(warp, values[i] as number, error) ** 2),
  };
}

/** The scale and the kernel that explain the measurements best. */
export function learn(features: Features, all: Measurements): Learnt | undefined {
  const measurements = slice(all, mostForKernel);
  const scales = powersFor(measurements.values);
  const found = scales.flatMap((power) => {
    const warp = warpOf(measurements.values, power);
    const fitted = fit(features, observationsOn(warp, measurements));
    return fitted ? [{ power, kernel: fitted.kernel, score: fitted.score + warp.bonus }] : [];
  });
  return found.reduce<(typeof found)[number] | undefined>((a, b) => (a && a.score >= b.score ? a : b), undefined);
}

export interface Conditioned {
  warp: Warp;
  posterior: Posterior;
}

/** The posterior of what was learnt, given measurements. */
export function conditioned(features: Features, { power, kernel }: Learnt, all: Measurements): Conditioned | undefined {
  // A value at 0 may come after the scale was learnt.
  const warp = warpOf(all.values, all.values.every((value) => value > 0) ? power : 1);
  const posterior = condition(kernel, trianglePairs(features, all.at), observationsOn(warp, all));
  return posterior && { warp, posterior };
}
