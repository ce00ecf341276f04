import type { LogLatency } from './expert.ts';

/** Shares are multiples of this. */
const step = 0.05;

/** Log density of Student's t, up to a constant of `freedom`: tails as heavy as few measurements ask for. */
const logDensity = (z: number, sd: number, freedom: number) =>
  -0.5 * (freedom + 1) * Math.log1p(z ** 2 / freedom) - Math.log(sd);

/**
 * The share of the first of two experts that makes the measurements that were left out most probable: stacking of
 * predictive distributions (Yao et al., Bayesian Analysis 2018).
 */
export function stack([a, b]: readonly [LogLatency, LogLatency], logs: Float64Array): number {
  const n = logs.length;
  const densities = [a, b].map((each) =>
    logs.map((log, i) => {
      const sd = each.sdLog[i] as number;
      return logDensity((log - (each.meanLog[i] as number)) / sd, sd, n);
    }),
  ) as [Float64Array, Float64Array];
  let [best, most] = [0.5, Number.NEGATIVE_INFINITY];
  for (let k = 0; k <= Math.round(1 / step); k++) {
    const share = k * step;
    // One measurement's worth of belief in each keeps either from being dropped for next to nothing.
    let sum = Math.log(share + 1e-3) + Math.log(1 - share + 1e-3);
    for (let i = 0; i < n; i++) {
      const [p, q] = [densities[0][i] as number, densities[1][i] as number];
      const top = Math.max(p, q);
      sum += top + Math.log(share * Math.exp(p - top) + (1 - share) * Math.exp(q - top));
    }
    if (sum > most) [best, most] = [share, sum];
  }
  return best;
}

/** The mixture's mean and standard deviation. */
export function mix([a, b]: readonly [LogLatency, LogLatency], share: number): LogLatency {
  const meanLog = a.meanLog.map((mean, i) => share * mean + (1 - share) * (b.meanLog[i] as number));
  const sdLog = a.sdLog.map((sd, i) => {
    const apart = (a.meanLog[i] as number) - (b.meanLog[i] as number);
    return Math.sqrt(share * sd ** 2 + (1 - share) * (b.sdLog[i] as number) ** 2 + share * (1 - share) * apart ** 2);
  });
  return { meanLog, sdLog };
}

/** How many measurements' worth of belief there is that the intervals are right as they are. */
const trust = 10;

/** The factor of standard deviations by which the left-out measurements are as far off as said. */
export function calibration({ meanLog, sdLog }: LogLatency, logs: Float64Array): number {
  const squares = logs.reduce((sum, log, i) => sum + ((log - (meanLog[i] as number)) / (sdLog[i] as number)) ** 2, 0);
  return Math.sqrt((trust + squares) / (trust + logs.length));
}
