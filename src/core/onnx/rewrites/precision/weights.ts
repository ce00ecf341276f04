import { ModelError, type TensorProto } from '../../model.ts';
import { DataType, floats } from '../../tensors.ts';

/**
 * Weights by channels out: `data[(o·channels + c)·inner + i]` is of channel `c`. A convolution has one outer block, a
 * matrix [K, N] has K of them and one inner element.
 */
export interface Channels {
  data: Float32Array;
  channels: number;
  inner: number;
  /**
   * How much an error in a weight counts, by its position in its channel (outer·inner + i): the second moment of the
   * input that it meets. All alike where it is absent.
   */
  importance?: Float64Array | undefined;
}

export interface QuantizedChannels {
  /** Laid out as the weights. */
  values: Int8Array;
  /** One a channel. */
  scales: Float32Array;
}

/**
 * Reads the weights of one layer after the other. Those whose bytes do not lie as floats must are copied into one buffer
 * that all share, so that no more than one layer's weights are ever held twice.
 */
export class WeightReader {
  #buffer = new Float32Array(0);

  /** Elements `from` to `to` of a FLOAT tensor: not to be written, and gone when the next is read. */
  read(source: TensorProto, from = 0, to?: number): Float32Array {
    const { rawData, dataType } = source;
    const size = source.dims.reduce((product, each) => product * Number(each), 1);
    if (dataType !== DataType.FLOAT || rawData.length !== size * 4) return floats(source).subarray(from, to);
    const bytes = rawData.subarray(from * 4, to === undefined ? undefined : to * 4);
    const length = bytes.length / 4;
    if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, length);
    if (this.#buffer.length < length) this.#buffer = new Float32Array(length);
    new Uint8Array(this.#buffer.buffer).set(bytes);
    return this.#buffer.subarray(0, length);
  }
}

/**
 * Adding and taking away 3·2^51 rounds a double of less than 2^51 to the nearest integer, even at a tie as the engine
 * does, at a fraction of the cost of Math.round.
 */
export const rounder = 3 * 2 ** 51;

/** The largest magnitude of each channel. Throws ModelError where a weight is not finite. */
export function magnitudes({ data, channels, inner }: Channels): Float32Array {
  const result = new Float32Array(channels);
  // Zero times a number is zero, unless it is infinite or none.
  let zero = 0;
  // As in writeCodes: a matrix changes its channel with every element.
  for (let at = 0; inner === 1 && at < data.length; at += channels) {
    for (let c = 0; c < channels; c++) {
      const size = Math.abs(data[at + c] as number);
      zero += size * 0;
      if (size > (result[c] as number)) result[c] = size;
    }
  }
  for (let at = 0; inner !== 1 && at < data.length; ) {
    for (let c = 0; c < channels; c++) {
      let most = result[c] as number;
      for (const end = at + inner; at < end; at++) {
        const size = Math.abs(data[at] as number);
        zero += size * 0;
        if (size > most) most = size;
      }
      result[c] = most;
    }
  }
  if (zero !== 0) throw new ModelError('weights that are not finite can not be quantised');
  return result;
}

/** Σ importance·(w − ŵ)² of each channel, for codes up to `levels` on `scales`. */
export function errors(weights: Channels, scales: Float32Array, levels: number): Float64Array {
  const { data, channels, inner, importance } = weights;
  const result = new Float64Array(channels);
  let at = 0;
  for (let position = 0; at < data.length; position += inner) {
    for (let c = 0; c < channels; c++) {
      const scale = scales[c] as number;
      const inverse = 1 / scale;
      let sum = 0;
      for (let i = 0; i < inner; i++, at++) {
        const weight = data[at] as number;
        const code = weight * inverse + rounder - rounder;
        const error = weight - Math.max(-levels, Math.min(levels, code)) * scale;
        sum += error * error * (importance ? (importance[position + i] as number) : 1);
      }
      result[c] = (result[c] as number) + sum;
    }
  }
  return result;
}

/** What is tried in place of the largest magnitude: clipping a few outliers makes all others finer. */
const shares = [0.97, 0.93, 0.88, 0.82, 0.75];

/** Scales whose squared error is the least of those tried, channel by channel. */
function searched(weights: Channels, scales: Float32Array, levels: number): Float32Array {
  const best = scales.slice();
  const least = errors(weights, scales, levels);
  for (const share of shares) {
    const tried = scales.map((scale) => scale * share);
    for (const [c, error] of errors(weights, tried, levels).entries()) {
      if (error >= (least[c] as number)) continue;
      least[c] = error;
      best[c] = tried[c] as number;
    }
  }
  return best;
}

export interface QuantizeOptions {
  /** The largest code: 127 for 8 bits, 63 for 7. */
  levels: number;
  search: boolean;
  /** The least scale of each channel. */
  floor?: Float32Array;
  /** Where the codes go; an array of their own where it is absent. */
  into?: Int8Array;
}

/**
 * Signed symmetric weights with a scale a channel (Nagel et al. 2021, "A White Paper on Neural Network Quantization"):
 * by the largest magnitude, or by the least squared error.
 */
export function quantizeChannels(weights: Channels, options: QuantizeOptions): QuantizedChannels {
  const { levels, search, floor, into = new Int8Array(weights.data.length) } = options;
  const plain = magnitudes(weights).map((most) => (most > 1e-30 ? most / levels : 1));
  const chosen = search ? searched(weights, plain, levels) : plain;
  const scales = floor ? chosen.map((scale, c) => Math.max(scale, floor[c] as number)) : chosen;
  // Scales of the largest magnitude or more need no clipping, which takes half of the time.
  writeCodes(weights, scales, into, search ? levels : undefined);
  return { values: into, scales };
}

/** Truncating what was shifted above zero rounds, in a third of the time of Math.round. */
function writeCodes(weights: Channels, scales: Float32Array, values: Int8Array, clipTo?: number): void {
  const { data, channels, inner } = weights;
  const inverse = Float64Array.from(scales, (scale) => 1 / scale);
  const [low, high] = [128.5 - (clipTo ?? 0), 128.5 + (clipTo ?? 0)];
  const run = (from: number, to: number, factor: number) => {
    for (let i = from; i < to; i++) values[i] = (((data[i] as number) * factor + 128.5) | 0) - 128;
  };
  const runClipped = (from: number, to: number, factor: number) => {
    for (let i = from; i < to; i++) {
      values[i] = (Math.max(low, Math.min(high, (data[i] as number) * factor + 128.5)) | 0) - 128;
    }
  };
  const across = (from: number) => {
    for (let c = 0; c < channels; c++) {
      values[from + c] = (((data[from + c] as number) * (inverse[c] as number) + 128.5) | 0) - 128;
    }
  };
  // A matrix changes its channel with every element: a loop inside for one element would take most of the time.
  for (let block = 0; block < data.length; block += channels * inner) {
    if (inner === 1 && clipTo === undefined) across(block);
    else {
      for (let c = 0; c < channels; c++) {
        const from = block + c * inner;
        (clipTo === undefined ? run : runClipped)(from, from + inner, inverse[c] as number);
      }
    }
  }
}

/** Σ (w − ŵ)·mean of each channel: what quantised weights lack on average, for means by position in the channel. */
export function meanError(weights: Channels, { values, scales }: QuantizedChannels, means: Float64Array): Float64Array {
  const { data, channels, inner } = weights;
  const result = new Float64Array(channels);
  let at = 0;
  for (let position = 0; at < data.length; position += inner) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0; i < inner; i++, at++) {
        sum +=
          ((data[at] as number) - (values[at] as number) * (scales[c] as number)) * (means[position + i] as number);
      }
      result[c] = (result[c] as number) + sum;
    }
  }
  return result;
}
