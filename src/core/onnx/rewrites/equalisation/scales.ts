import type { Layer } from '../../layer.ts';

/** What is known of the channels that layers read, one value each. */
export interface ChannelStatistics {
  /** Smallest and largest value seen; zero lies between them, as it does in every range. */
  min: Float64Array;
  max: Float64Array;
  /** E[x²]. */
  square: Float64Array;
}

/** The largest weights of a layer: row o holds those of output o, one for each input channel of its group. */
interface Weights {
  outputs: number;
  /** Input channels of one group, and outputs of one. */
  within: number;
  perGroup: number;
  largest: Float32Array;
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

function weightsOf({ weight, outputs, inputs, group, inOf, outOf }: Layer): Weights {
  const within = inputs / group;
  const largest = new Float32Array(outputs * within);
  for (let place = 0; place < weight.length; place++) {
    const at = outOf(place) * within + (inOf(place) % within);
    const size = Math.abs(weight[place] as number);
    if (size > (largest[at] as number)) largest[at] = size;
  }
  return { outputs, within, perGroup: outputs / group, largest };
}

/** Σ w² and max |w| of the weights on each channel, over all layers. */
function byChannel(layers: readonly Layer[], count: number) {
  const [energy, largest] = [new Float64Array(count), new Float64Array(count)];
  for (const { weight, inOf } of layers) {
    for (let place = 0; place < weight.length; place++) {
      const [channel, size] = [inOf(place), Math.abs(weight[place] as number)];
      energy[channel] = (energy[channel] as number) + size * size;
      if (size > (largest[channel] as number)) largest[channel] = size;
    }
  }
  return { energy, largest };
}

/** Mean squared error that 8-bit weights with a scale for each output leave in the outputs, up to a factor of 1/12. */
function weightNoise({ outputs, within, perGroup, largest }: Weights, square: Float64Array, scales: Float64Array) {
  let noise = 0;
  for (let o = 0; o < outputs; o++) {
    const first = Math.floor(o / perGroup) * within;
    let most = 0;
    let energy = 0;
    for (let i = 0; i < within; i++) {
      const scale = scales[first + i] as number;
      most = Math.max(most, (largest[o * within + i] as number) * scale);
      energy += (square[first + i] as number) / (scale * scale);
    }
    noise += (most / 127) ** 2 * energy;
  }
  return noise;
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
 * The scales that channels are divided by and the weights on them multiplied: of those tried, the one that 8-bit codes of
 * both leave the least squared error with in what the layers make, as rounding is uniform noise. All 1 where nothing
 * tried is better than the layers as they are.
 */
export function equalisingScales(
  layers: readonly Layer[],
  known: ChannelStatistics,
  alphas: readonly number[] = shares,
): Float64Array {
  const count = known.square.length;
  const { energy, largest } = byChannel(layers, count);
  const weights = layers.map(weightsOf);
  const peaks = known.max.map((high, c) => Math.max(high, -(known.min[c] as number)));
  const noiseOf = (scales: Float64Array) => {
    const passed = energy.reduce((sum, each, c) => sum + each * (scales[c] as number) ** 2, 0);
    return weights.reduce(
      (sum, each) => sum + weightNoise(each, known.square, scales),
      stepOf(known, scales) ** 2 * passed,
    );
  };
  const tried = [new Float64Array(count).fill(1), ...alphas.map((alpha) => balanced(peaks, largest, alpha))];
  const noise = tried.map(noiseOf);
  return tried[noise.indexOf(Math.min(...noise))] as Float64Array;
}
