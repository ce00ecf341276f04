/** Models whose channels are of very different magnitude, as outliers make them; for tests only. */
import type { RewriteCase } from '../contract/rewrite.ts';
import { Builder, floatInput } from '../contract/rewrite-models.ts';

/** 1 for most channels, and 100 for every eighth: one range for all leaves most of them three codes. */
const outliers = (count: number) => Float32Array.from({ length: count }, (_, c) => (c % 8 === 3 ? 100 : 1));

/** Weights whose outputs have the magnitudes of `made`, and that take inputs of those of `read` back to 1. */
function weights(b: Builder, outputs: number, within: number, taps: number, made?: Float32Array, read?: Float32Array) {
  const random = b.random(outputs * within * taps, 1 / Math.sqrt(within * taps));
  return random.map((value, place) => {
    const [output, input] = [Math.floor(place / (within * taps)), Math.floor(place / taps) % within];
    return (value * (made?.[output] ?? 1)) / (read?.[input] ?? 1);
  });
}

/** Convolutions, a depthwise and a grouped one among them, with what lets factors pass between them. */
export function unevenCnn(): RewriteCase {
  const b = new Builder(21);
  const channels = outliers(16);
  const conv = (x: string, within: number, kernel: number, group: number, read?: Float32Array) => {
    const w = weights(b, 16, within, kernel ** 2, channels, read);
    const bias = b.random(16, 0.3).map((value, c) => value * (channels[c] ?? 1));
    const pad = kernel >> 1;
    const inputs = [x, b.constant(w, [16, within, kernel, kernel]), b.constant(bias, [16])];
    return b.op('Conv', inputs, { pads: [pad, pad, pad, pad], group });
  };
  let x = b.op('Relu', [conv('x', 3, 3, 1)]);
  x = b.op('LeakyRelu', [conv(x, 1, 3, 16)], { alpha: { float: 0.1 } });
  x = b.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  x = b.op('PRelu', [conv(x, 16, 1, 1, channels), b.constant(Float32Array.of(0.2), [1, 1, 1])]);
  x = b.op('Relu', [conv(x, 4, 3, 4)]);
  x = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
  const out = b.op('Gemm', [x, b.constant(weights(b, 8, 16, 1, undefined, channels), [8, 16])], { transB: 1 });
  return {
    name: 'an uneven CNN',
    model: b.model({ x: ['N', 3, 8, 8] }, [out]),
    calibration: floatInput('x', [3, 8, 8]),
  };
}

/** A normalisation with outlying channels before attention, another in single operators before a gated feed-forward part. */
export function unevenTransformer(): RewriteCase {
  const b = new Builder(22);
  const size = 32;
  const channels = outliers(size);
  const row = (data: Float32Array) => b.constant(data, [data.length]);
  /** A product that takes `channels` back to 1. */
  const dense = (x: string, outputs: number, read = channels, made?: Float32Array) => {
    const data = b.random(read.length * outputs, 1 / Math.sqrt(read.length)).map((value, place) => {
      return (value * (made?.[place % outputs] ?? 1)) / (read[Math.floor(place / outputs)] ?? 1);
    });
    return b.op('Add', [b.op('MatMul', [x, b.constant(data, [read.length, outputs])]), row(b.random(outputs, 0.1))]);
  };
  const heads = (x: string, perm: number[]) =>
    b.op('Transpose', [b.op('Reshape', [x, b.sizes(0, -1, 4, 8)])], { perm });
  const norm = (x: string) => {
    const shift = b.random(size, 0.1).map((value, c) => value * (channels[c] ?? 1));
    return b.op('LayerNormalization', [x, row(channels), row(shift)], { axis: -1 });
  };
  const first = norm('x');
  const scores = b.op('MatMul', [heads(dense(first, size), [0, 2, 1, 3]), heads(dense(first, size), [0, 2, 3, 1])]);
  const values = heads(dense(first, size, channels, channels), [0, 2, 1, 3]);
  const mixed = b.op('Transpose', [b.op('MatMul', [b.op('Softmax', [scores], { axis: -1 }), values])], {
    perm: [0, 2, 1, 3],
  });
  const x = b.op('Add', [dense(b.op('Reshape', [mixed, b.sizes(0, -1, size)]), size), 'x']);
  const centred = b.op('Sub', [x, b.op('ReduceMean', [x], { axes: [-1] })]);
  const second = b.op('Add', [b.op('Mul', [centred, row(channels)]), row(b.random(size, 0.1))]);
  const gated = b.op('Mul', [b.op('Sigmoid', [dense(second, 64)]), dense(second, 64, channels, outliers(64))]);
  const out = b.op('Add', [dense(gated, size, outliers(64)), x]);
  const model = b.model({ x: ['N', 6, size] }, [out]);
  return { name: 'an uneven transformer', model, calibration: floatInput('x', [6, size]) };
}
