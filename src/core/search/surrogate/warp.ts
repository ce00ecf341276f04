/**
 * A scale on which an objective is modelled: as it is, or its logarithm, where what varies is a factor. `bonus` is the
 * log of the Jacobian over the values, so that likelihoods on different scales can be compared.
 */
export interface Warp {
  log: boolean;
  centre: number;
  scale: number;
  bonus: number;
}

const spread = (values: readonly number[], centre: number) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length)) || 1;

/** The scale for these values: they come to have mean 0 and variance 1. A logarithm needs them all above 0. */
export function warpOf(values: readonly number[], log: boolean): Warp {
  const moved = log ? values.map(Math.log) : values;
  const centre = moved.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const scale = spread(moved, centre);
  const jacobian = log ? -moved.reduce((sum, value) => sum + value, 0) : 0;
  return { log, centre, scale, bonus: jacobian - values.length * Math.log(scale) };
}

export const warped = ({ log, centre, scale }: Warp, value: number): number =>
  ((log ? Math.log(value) : value) - centre) / scale;

export const unwarped = ({ log, centre, scale }: Warp, value: number): number =>
  log ? Math.exp(centre + scale * value) : centre + scale * value;

/** The standard normal distribution function, to 1e-7 (Abramowitz and Stegun 26.2.17). */
export function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = 0.3989422804 * Math.exp(-0.5 * z * z) * polynomial;
  return z > 0 ? 1 - tail : tail;
}

/** E[max(0, c − Y)] for a value Y that is normal on the warped scale with this mean and deviation. */
export function expectedBelow({ log, centre, scale }: Warp, c: number, mean: number, deviation: number): number {
  const [m, s] = [centre + scale * mean, scale * deviation];
  if (log) {
    if (c <= 0) return 0;
    const z = (Math.log(c) - m) / s;
    return Math.max(0, c * normal(z) - Math.exp(m + 0.5 * s * s) * normal(z - s));
  }
  const z = (c - m) / s;
  return Math.max(0, (c - m) * normal(z) + s * 0.3989422804 * Math.exp(-0.5 * z * z));
}
