import type { Moments, Need } from '../../observe/observations.ts';
import { dims, floats } from '../../tensors.ts';
import type { PrecisionOptions, Writing } from './format.ts';
import type { ConvLayer, ProductLayer } from './layers.ts';
import { type Channels, meanError, type QuantizedChannels, quantizeChannels, type WeightReader } from './weights.ts';
import type { Wiring } from './wiring.ts';

const tile = 32;

function transposed(source: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(source.length);
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      for (let r = top; r < Math.min(rows, top + tile); r++) {
        for (let c = left; c < Math.min(columns, left + tile); c++) {
          result[c * rows + r] = source[r * columns + c] as number;
        }
      }
    }
  }
  return result;
}

/** The matrix [K, N] that the input is multiplied by, Gemm's factor in it. */
export function matrixOf(
  { weight, n, k, transposed: turned, alpha }: ProductLayer,
  reader: WeightReader,
): Float32Array {
  const stored = turned ? transposed(reader.read(weight), n, k) : reader.read(weight);
  return alpha === 1 ? stored : stored.map((value) => value * alpha);
}

/** The bias, an element a channel out. */
export function biasOf(layer: ConvLayer | ProductLayer): Float32Array | undefined {
  if (!layer.bias) return undefined;
  const given = floats(layer.bias);
  const size = layer.kind === 'Conv' ? layer.channels : layer.n;
  const beta = layer.kind === 'Conv' ? 1 : layer.beta;
  return Float32Array.from({ length: size }, (_, c) => (given[given.length === 1 ? 0 : c] as number) * beta);
}

/** The axis of the input's channels: those that weights meet. Undefined where it is not known. */
function channelAxis(layer: ConvLayer | ProductLayer, wiring: Wiring): number | undefined {
  if (layer.kind === 'Conv') return 1;
  const rank = wiring.rank(layer.input);
  return rank === undefined ? undefined : rank - 1;
}

/** The second moments of every channel with every other are counted: too many of them cost more than they help. */
const mostChannels = 2048;

function repairs(layer: ConvLayer | ProductLayer, wiring: Wiring, { repair }: PrecisionOptions): number | undefined {
  const axis = channelAxis(layer, wiring);
  const size = layer.kind === 'Conv' ? (dims(layer.weight)[1] ?? 0) * layer.groups : layer.k;
  return repair && size <= mostChannels ? axis : undefined;
}

export function momentsOf(layer: ConvLayer | ProductLayer, wiring: Wiring, options: PrecisionOptions): Need[] {
  const axis = repairs(layer, wiring, options);
  return axis === undefined ? [] : [{ kind: 'moments', tensor: layer.input, axis }];
}

/** The moments of a layer's inputs, where they are to be used. */
export function momentsFor(layer: ConvLayer | ProductLayer, writing: Writing): Moments | undefined {
  const axis = repairs(layer, writing.wiring, writing.options);
  return axis === undefined ? undefined : writing.observed.moments(layer.input, axis);
}

/** Means and second moments of the inputs by position in a channel out, where one list serves all channels. */
function statistics(layer: ConvLayer | ProductLayer, writing: Writing) {
  if (layer.kind === 'Conv' && layer.groups > 1) return undefined;
  const moments = momentsFor(layer, writing);
  if (!moments) return undefined;
  const { mean, second } = moments;
  const kernel =
    layer.kind === 'Conv'
      ? dims(layer.weight)
          .slice(2)
          .reduce((product, size) => product * size, 1)
      : 1;
  const spread = (value: (channel: number) => number) =>
    Float64Array.from({ length: mean.length * kernel }, (_, i) => value(Math.floor(i / kernel)));
  return { mean: spread((c) => mean[c] ?? 0), second: spread((c) => second.get(c, c)) };
}

export interface Integers extends QuantizedChannels {
  bias: Float32Array | undefined;
}

/**
 * The INT8 weights of a layer, laid out as [channels out, …] for a convolution and [K, N] for a product, with the
 * bias that belongs to them. `inputScale` is there where the bias will be counted in products of both scales: no scale
 * is so small then that the bias leaves 32 bits.
 */
export function integersOf(layer: ConvLayer | ProductLayer, writing: Writing, inputScale?: number): Integers {
  const { options } = writing;
  const known = statistics(layer, writing);
  const data = layer.kind === 'Conv' ? writing.weights.read(layer.weight) : matrixOf(layer, writing.weights);
  const channels = layer.kind === 'Conv' ? layer.channels : layer.n;
  const inner = layer.kind === 'Conv' ? data.length / channels : 1;
  const weights: Channels = { data, channels, inner, importance: known?.second };
  const bias = biasOf(layer);
  const floor = inputScale !== undefined ? bias?.map((value) => Math.abs(value) / (inputScale * 2 ** 30)) : undefined;
  const quantized = quantizeChannels(weights, {
    levels: options.weightBits === 7 ? 63 : 127,
    search: options.searchScales,
    ...(floor && { floor }),
  });
  if (!known) return { ...quantized, bias };
  const lacks = meanError(weights, quantized, known.mean);
  return { ...quantized, bias: Float32Array.from(lacks, (value, c) => value + (bias?.[c] ?? 0)) };
}
