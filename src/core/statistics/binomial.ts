export interface Interval {
  low: number;
  high: number;
}

/** Two-sided standard normal quantile for 95%. */
export const z95 = 1.959963984540054;
/** One-sided standard normal quantile for 95%. */
export const z95OneSided = 1.6448536269514722;

/**
 * Wilson score interval of a share, `successes` of `trials`; [0, 1] without trials. It keeps its coverage near zero
 * and one, where the textbook interval does not (Wilson 1927; Brown, Cai and DasGupta 2001).
 */
export function wilson(successes: number, trials: number, z: number = z95): Interval {
  if (trials === 0) return { low: 0, high: 1 };
  const share = successes / trials;
  const zz = (z * z) / trials;
  const centre = (share + zz / 2) / (1 + zz);
  const half = (z / (1 + zz)) * Math.sqrt((share * (1 - share)) / trials + zz / (4 * trials));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
