import type { Layer } from '../../layer.ts';

/** What is known of the channels that layers read, one value each. */
export interface ChannelStatistics {
  /** Smallest and largest value seen; zero lies between them, as it does in every range. */
  min: Float64Array;
  max: Float64Array;
  /** E[x²]. */
  square: Float64Array;
}

/** No channel is scaled by more, either way: what calibration inputs hardly showed must not become the largest. */
const most = 2 ** 6;

/**
 * Which share of the differences between channels goes from activations to weights: what is tried. With all of them each
 * channel would end where the range does, and what is larger than on calibration inputs would be clipped in each.
 */
const shares = [0.25, 0.5, 0.75];

/** Below it a channel is dead: its scale is 1. */
const least = 1e-30;

/** Layers stay as they are unless their error falls to this share: new weights cost memory, and time when a model is made. */
const worthwhile = 0.6;

/** Below this ratio of the largest channel to the geometric mean there is little to gain, and no weight is read. */
const uneven = 1.5;

/** Outputs of a layer that are looked at: their weights tell which inputs matter. */
const mostOutputs = 16;

/** How the weights lie: in rows of one output each, or of one input; `taps` of them for each pair. */
function layoutOf({ node, shape, inputs, outputs, group, inOf }: Layer) {
  const within = inputs / group;
  const perGroup = outputs / group;
  const taps = node.opType === 'Conv' ? shape.slice(2).reduce((product, size) => product * size, 1) : 1;
  const rowsAreInputs = node.opType !== 'Conv' && inOf(shape[1] ?? 0) === 1;
  const [rows, width] = rowsAreInputs ? [inputs, outputs] : [outputs, within * taps];
  return {
    ...{ rowsAreInputs, rows, width, within, taps },
    /** The first of the weights from output o to input c of its group. */
    place: (o: number, c: number) => (rowsAreInputs ? c * outputs + o : (o * within + c) * taps),
    /** The first input channel of the group of output o. */
    firstOf: (o: number) => Math.floor(o / perGroup) * within,
  };
}

/** Weights of some outputs of a layer, `within` inputs each. */
interface Sample {
  within: number;
  /** How many outputs each stands for. */
  stride: number;
  /** The first input channel of each output's group. */
  first: number[];
  /** The largest weight from each output to each input of its group, and the sum of their squares. */
  largest: Float64Array;
  energy: Float64Array;
}

function sampleOf(layer: Layer, weight: Float32Array): Sample {
  const { outputs } = layer;
  const { within, taps, place, firstOf } = layoutOf(layer);
  const stride = Math.ceil(outputs / mostOutputs);
  const sampled = Array.from({ length: Math.ceil(outputs / stride) }, (_, i) => i * stride);
  const [largest, energy] = [new Float64Array(sampled.length * within), new Float64Array(sampled.length * within)];
  for (const [row, o] of sampled.entries()) {
    for (let c = 0; c < within; c++) {
      const [start, at] = [place(o, c), row * within + c];
      for (let i = start; i < start + taps; i++) {
        const size = Math.abs(weight[i] as number);
        energy[at] = (energy[at] as number) + size * size;
        if (size > (largest[at] as number)) largest[at] = size;
      }
    }
  }
  return { within, stride, first: sampled.map(firstOf), largest, energy };
}

/** The largest weight on each channel, over all layers. */
function weightPeaks(samples: readonly Sample[], count: number): Float64Array {
  const result = new Float64Array(count);
  for (const { within, first, largest } of samples) {
    for (let at = 0; at < largest.length; at++) {
      const channel = (first[Math.floor(at / within)] as number) + (at % within);
      result[channel] = Math.max(result[channel] as number, largest[at] as number);
    }
  }
  return result;
}

/**
 * The squared error in what a layer makes, as a share of each output's own power and summed over outputs, up to a factor
 * of 1/12: of inputs rounded to codes `step` apart, and of 8-bit weights with a scale for each output. Shares, for the
 * magnitude of an output says nothing of how much it matters.
 */
function noiseOf(sample: Sample, step: number, square: Float64Array, scales: Float64Array): number {
  const { within, first, stride, largest, energy } = sample;
  let noise = 0;
  for (let row = 0, at = 0; row < first.length; row++) {
    let [peak, passed, met, power] = [0, 0, 0, 0];
    for (let c = first[row] as number, end = c + within; c < end; c++, at++) {
      const scale = scales[c] as number;
      peak = Math.max(peak, (largest[at] as number) * scale);
      passed += (energy[at] as number) * scale * scale;
      met += (square[c] as number) / (scale * scale);
      power += (energy[at] as number) * (square[c] as number);
    }
    if (power > 0) noise += (step * step * passed + (peak / 127) ** 2 * met) / power;
  }
  return noise * stride;
}

/** The step of 8-bit codes on the range that all channels share once they are divided by their scales. */
function stepOf({ min, max }: ChannelStatistics, scales: Float64Array): number {
  let [low, high] = [0, 0];
  for (let c = 0; c < scales.length; c++) {
    low = Math.min(low, (min[c] as number) / (scales[c] as number));
    high = Math.max(high, (max[c] as number) / (scales[c] as number));
  }
  return (high - low) / 255;
}

function isUneven(peaks: Float64Array): boolean {
  const alive = peaks.filter((peak) => peak > least);
  const mean = Math.exp(alive.reduce((sum, peak) => sum + Math.log(peak), 0) / Math.max(1, alive.length));
  return alive.some((peak) => peak > uneven * mean);
}

/**
 * s = a^α / w^(1−α) for activations of magnitude `a` and weights of magnitude `w` on each channel (Xiao et al. 2023,
 * SmoothQuant): α = 1 makes all activations alike, 0 all weights. About 1 in the geometric mean.
 */
export function balanced(activations: Float64Array, weights: Float64Array, alpha: number): Float64Array {
  const alive = activations.map((a, c) => Number(a > least && (weights[c] as number) > least));
  const logs = activations.map((a, c) =>
    alive[c] ? alpha * Math.log(a) - (1 - alpha) * Math.log(weights[c] as number) : 0,
  );
  const count = alive.reduce((sum, each) => sum + each, 0);
  const mean = logs.reduce((sum, value) => sum + value, 0) / Math.max(1, count);
  const limit = Math.log(most);
  return logs.map((value, c) => (alive[c] ? Math.exp(Math.max(-limit, Math.min(limit, value - mean))) : 1));
}

/**
 * The scales that channels are divided by and the weights on them multiplied: of those tried, the ones that 8-bit codes of
 * both leave the least error with in what the layers make, rounding taken for uniform noise. Undefined where
 * none makes enough of a difference. `weightOf` gives the weights of a layer, to be looked at before it is called again.
 */
export function equalisingScales(
  layers: readonly Layer[],
  known: ChannelStatistics,
  weightOf: (layer: Layer) => Float32Array,
  alphas: readonly number[] = shares,
): Float64Array | undefined {
  const activations = known.max.map((high, c) => Math.max(high, -(known.min[c] as number)));
  if (!isUneven(activations)) return undefined;
  const samples = layers.map((layer) => sampleOf(layer, weightOf(layer)));
  const weights = weightPeaks(samples, known.square.length);
  const noise = (scales: Float64Array) => {
    const step = stepOf(known, scales);
    return samples.reduce((sum, sample) => sum + noiseOf(sample, step, known.square, scales), 0);
  };
  const tried = alphas.map((alpha) => balanced(activations, weights, alpha));
  const found = tried.map(noise);
  const lowest = Math.min(...found);
  const before = noise(new Float64Array(known.square.length).fill(1));
  return lowest < worthwhile * before ? tried[found.indexOf(lowest)] : undefined;
}

/** The weights of a layer, each multiplied by the scale of its input channel. */
export function scaledWeights(layer: Layer, scales: Float64Array): Float32Array {
  const { weight } = layer;
  const { rowsAreInputs, rows, width, within, taps, firstOf } = layoutOf(layer);
  const result = new Float32Array(weight.length);
  for (let row = 0, at = 0; row < rows; row++) {
    if (rowsAreInputs) {
      const scale = scales[row] as number;
      for (const end = at + width; at < end; at++) result[at] = (weight[at] as number) * scale;
      continue;
    }
    const first = firstOf(row);
    for (let c = first; c < first + within; c++) {
      const scale = scales[c] as number;
      for (const end = at + taps; at < end; at++) result[at] = (weight[at] as number) * scale;
    }
  }
  return result;
}
