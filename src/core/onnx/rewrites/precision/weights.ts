import type { TensorProto } from '../../model.ts';
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

/** The elements of a FLOAT tensor, without a copy where its bytes lie as floats must: they are not to be written. */
export function floatView(source: TensorProto): Float32Array {
  const { rawData, dataType } = source;
  const aligned = rawData.byteOffset % 4 === 0 && rawData.length > 0 && rawData.length % 4 === 0;
  if (dataType !== DataType.FLOAT || !aligned) return floats(source);
  const size = source.dims.reduce((product, each) => product * Number(each), 1);
  return size * 4 === rawData.length ? new Float32Array(rawData.buffer, rawData.byteOffset, size) : floats(source);
}

/** The largest magnitude of each channel. */
export function magnitudes({ data, channels, inner }: Channels): Float32Array {
  const result = new Float32Array(channels);
  for (let at = 0; at < data.length; ) {
    for (let c = 0; c < channels; c++) {
      let most = result[c] as number;
      for (const end = at + inner; at < end; at++) {
        const size = Math.abs(data[at] as number);
        if (size > most) most = size;
      }
      result[c] = most;
    }
  }
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
      let sum = 0;
      for (let i = 0; i < inner; i++, at++) {
        const weight = data[at] as number;
        const code = Math.round(weight / scale);
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
}

/**
 * Signed symmetric weights with a scale a channel (Nagel et al. 2021, "A White Paper on Neural Network Quantization"):
 * by the largest magnitude, or by the least squared error.
 */
export function quantizeChannels(weights: Channels, { levels, search, floor }: QuantizeOptions): QuantizedChannels {
  const { data, channels, inner } = weights;
  const plain = magnitudes(weights).map((most) => (most > 1e-30 ? most / levels : 1));
  const chosen = search ? searched(weights, plain, levels) : plain;
  const scales = floor ? chosen.map((scale, c) => Math.max(scale, floor[c] as number)) : chosen;
  const inverse = Float64Array.from(scales, (scale) => 1 / scale);
  const values = new Int8Array(data.length);
  for (let at = 0; at < data.length; ) {
    for (let c = 0; c < channels; c++) {
      const factor = inverse[c] as number;
      for (const end = at + inner; at < end; at++) {
        values[at] = Math.max(-levels, Math.min(levels, Math.round((data[at] as number) * factor)));
      }
    }
  }
  return { values, scales };
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
