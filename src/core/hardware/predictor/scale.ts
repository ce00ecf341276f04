/**
 * Where costs add up. On most devices the milliseconds of operators do; where each choice takes a share of what is left
 * (precision, pruning of all layers) logarithms do. Noise is relative to the latency on both.
 */
export type Scale = 'additive' | 'multiplicative';
export const scales: readonly Scale[] = ['additive', 'multiplicative'];

/** A latency relative to `centreMs`: 0 there. */
export const toScale = (scale: Scale, ms: number, centreMs: number): number =>
  scale === 'additive' ? ms / centreMs - 1 : Math.log(ms / centreMs);

/** Relative noise that a device is taken to have beside the rounding of its clock. */
const usualNoise = 0.03;

/**
 * The variance of a measurement's noise, up to a factor of the device: the square of the latency, and what a clock of
 * `resolutionMs` adds by rounding (a uniform error, resolution²/12).
 */
export function noiseShape(scale: Scale, ms: number, centreMs: number, resolutionMs: number): number {
  const rounding = resolutionMs ** 2 / 12 / usualNoise ** 2;
  return scale === 'additive' ? (ms ** 2 + rounding) / centreMs ** 2 : 1 + rounding / ms ** 2;
}

/** No latency is predicted below this share of the centre. */
const least = 0.02;

/** Mean and standard deviation of log milliseconds from those on the scale (delta method for the additive one). */
export function toLog(scale: Scale, mean: number, sd: number, centreMs: number): { meanLog: number; sdLog: number } {
  if (scale === 'multiplicative') return { meanLog: mean + Math.log(centreMs), sdLog: sd };
  const relative = Math.max(mean + 1, least);
  return { meanLog: Math.log(relative * centreMs), sdLog: sd / relative };
}
