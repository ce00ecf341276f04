import type { Curve } from './functions.ts';

/** Inputs of an activation with their weights: a distribution, as a sum over places. */
interface Sample {
  x: Float64Array;
  weight: Float64Array;
}

/** A normal distribution at evenly spaced places within 4.5 deviations: activations behind a linear layer are close to it. */
export function normal(mean: number, deviation: number, count = 81): Sample {
  const z = Float64Array.from({ length: count }, (_, i) => ((2 * i) / (count - 1) - 1) * 4.5);
  const density = z.map((each) => Math.exp((-each * each) / 2));
  const total = density.reduce((sum, each) => sum + each, 0);
  return { x: z.map((each) => mean + each * deviation), weight: density.map((each) => each / total) };
}

/** relu(scale·x + offset) + shift, with scale ≥ 0, and its mean squared error. */
export interface Ramp {
  scale: number;
  offset: number;
  shift: number;
  error: number;
}

function rampFrom({ x, weight }: Sample, y: Float64Array, kink: number, shifted: boolean): Ramp {
  let [r, rr, ry, sum, yy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [w, value] = [weight[i] ?? 0, y[i] ?? 0];
    const ramp = Math.max(0, (x[i] ?? 0) - kink);
    r += w * ramp;
    rr += w * ramp * ramp;
    ry += w * ramp * value;
    sum += w * value;
    yy += w * value * value;
  }
  const [spread, product] = shifted ? [rr - r * r, ry - r * sum] : [rr, ry];
  const scale = spread > 1e-12 ? Math.max(0, product / spread) : 0;
  const shift = shifted ? sum - scale * r : 0;
  const error = yy - 2 * (scale * ry + shift * sum) + scale * scale * rr + 2 * scale * shift * r + shift * shift;
  return { scale, offset: -scale * kink, shift, error };
}

/**
 * The ramp closest to `curve` in the mean square over a normal distribution of inputs: for each place of the kink scale
 * and shift are linear least squares; the kink is searched, coarsely and then finely. `shifted` allows a shift.
 */
export function fitRamp(curve: Curve, mean: number, deviation: number, shifted: boolean): Ramp {
  const width = Math.max(deviation, 1e-4);
  const sample = normal(mean, width);
  const y = sample.x.map(curve);
  const average = y.reduce((sum, value, i) => sum + value * (sample.weight[i] ?? 0), 0);
  const rest = y.reduce((sum, value, i) => sum + (value - average) ** 2 * (sample.weight[i] ?? 0), 0);
  // No slope at all: what is left is a constant, which a ramp without a shift makes only above 0.
  const flat = shifted || average > 0 ? { error: rest } : { error: rest + average ** 2 };
  let best: Ramp = { scale: 0, offset: shifted ? 0 : Math.max(0, average), shift: shifted ? average : 0, ...flat };
  const line = rampFrom(sample, y, mean - 6 * width, true);
  // Where the whole line is above 0 the kink may lie anywhere below, and the shift is part of the offset.
  const straight = { ...line, offset: line.offset + line.shift, shift: 0 };
  if (straight.scale * (sample.x[0] ?? 0) + straight.offset >= 0 && line.error < best.error) best = straight;
  let [from, step] = [mean - 6 * width, width / 4];
  for (const count of [44, 17]) {
    let at = from;
    for (let i = 0; i < count; i++) {
      const candidate = rampFrom(sample, y, from + i * step, shifted);
      if (candidate.error < best.error) [best, at] = [candidate, from + i * step];
    }
    from = at - step;
    step /= 8;
  }
  return best;
}

/** least + (most − least)·clip(slope·x + ½, 0, 1) for a curve that is symmetric about 0: the best slope above 0. */
export function fitSlope(
  curve: Curve,
  bounds: readonly [number, number],
  means: ArrayLike<number>,
  deviations: ArrayLike<number>,
) {
  const [least, most] = bounds;
  return bestSlope(
    curve,
    (x, slope) => least + (most - least) * Math.min(1, Math.max(0, slope * x + 0.5)),
    means,
    deviations,
  );
}

/** The slope of x·clip(slope·x + ½, 0, 1) that comes closest to a curve like Gelu over all channels. */
export function fitHardSwish(curve: Curve, means: ArrayLike<number>, deviations: ArrayLike<number>): number {
  return bestSlope(curve, (x, slope) => x * Math.min(1, Math.max(0, slope * x + 0.5)), means, deviations);
}

const slopes = Array.from({ length: 56 }, (_, i) => 0.1 + i * 0.0125);

function bestSlope(
  curve: Curve,
  shape: (x: number, slope: number) => number,
  means: ArrayLike<number>,
  deviations: ArrayLike<number>,
): number {
  const samples = Array.from(means, (mean, c) => normal(mean, deviations[c] ?? 0, 31));
  const errorOf = (slope: number) =>
    samples.reduce((sum, { x, weight }) => {
      return x.reduce((part, each, i) => part + (weight[i] ?? 0) * (shape(each, slope) - curve(each)) ** 2, sum);
    }, 0);
  return slopes.reduce(
    (best, slope) => {
      const error = errorOf(slope);
      return error < best.error ? { slope, error } : best;
    },
    { slope: 0.25, error: Number.POSITIVE_INFINITY },
  ).slope;
}
