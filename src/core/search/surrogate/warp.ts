/** As it is, its square root, or (0) its logarithm: the further down, the more small values are told apart. */
export type Power = 1 | 0.5 | 0;

/**
 * A scale on which an objective is modelled. `bonus` is the log of the Jacobian over the values, so that likelihoods on
 * different scales can be compared.
 */
export interface Warp {
  power: Power;
  centre: number;
  scale: number;
  bonus: number;
}

const moved = (power: Power, value: number) =>
  power === 1 ? value : power === 0 ? Math.log(value) : Math.sqrt(Math.max(0, value));

/** How much a small change of a value is on the scale, before it is standardised. */
const slope = (power: Power, value: number) => (power === 1 ? 1 : power === 0 ? 1 / value : 0.5 / Math.sqrt(value));

const spread = (values: readonly number[], centre: number) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length)) || 1;

/** The scale for these values: they come to have mean 0 and variance 1. A power other than 1 needs them all above 0. */
export function warpOf(values: readonly number[], power: Power): Warp {
  const all = values.map((value) => moved(power, value));
  const centre = all.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const scale = spread(all, centre);
  const jacobian = power === 1 ? 0 : values.reduce((sum, value) => sum + Math.log(slope(power, value)), 0);
  return { power, centre, scale, bonus: jacobian - values.length * Math.log(scale) };
}

export const warped = ({ power, centre, scale }: Warp, value: number): number => (moved(power, value) - centre) / scale;

/** A standard error on the scale, of a value. */
export const warpedError = ({ power, scale }: Warp, value: number, error: number): number =>
  (error * slope(power, value)) / scale;

export function unwarped({ power, centre, scale }: Warp, value: number): number {
  const place = centre + scale * value;
  return power === 1 ? place : power === 0 ? Math.exp(place) : Math.max(0, place) ** 2;
}

/** The standard normal distribution function, to 1e-7 (Abramowitz and Stegun 26.2.17). */
export function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = 0.3989422804 * Math.exp(-0.5 * z * z) * polynomial;
  return z > 0 ? 1 - tail : tail;
}

const density = (z: number) => 0.3989422804 * Math.exp(-0.5 * z * z);

/** E[max(0, c − Y)] for a value Y that is normal on the warped scale with this mean and deviation. */
export function expectedBelow({ power, centre, scale }: Warp, c: number, mean: number, deviation: number): number {
  const [m, s] = [centre + scale * mean, scale * deviation];
  if (power === 1) {
    const z = (c - m) / s;
    return Math.max(0, (c - m) * normal(z) + s * density(z));
  }
  if (c <= 0) return 0;
  if (power === 0) {
    const z = (Math.log(c) - m) / s;
    return Math.max(0, c * normal(z) - Math.exp(m + 0.5 * s * s) * normal(z - s));
  }
  // Below 0 on the scale the value is 0.
  const [low, high] = [-m / s, (Math.sqrt(c) - m) / s];
  const inside = (c - m * m - s * s) * (normal(high) - normal(low));
  const edges = s * s * (high * density(high) - low * density(low)) + 2 * m * s * (density(high) - density(low));
  return Math.max(0, c * normal(low) + inside + edges);
}
