/** Small networks with random weights, for tests: nothing here is used outside them. */

import { modelWith } from '../../src/core/onnx/fixtures.ts';
import { makeNode } from '../../src/core/onnx/graph.ts';
import type { Model, NodeProto, TensorProto } from '../../src/core/onnx/model.ts';
import type { Dim } from '../../src/core/onnx/shapes/dims.ts';
import { tensor } from '../../src/core/onnx/tensors.ts';
import type { Dataset } from '../../src/worker/dataset.ts';

/** Numbers around 0, the same for the same seed (mulberry32). */
export function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * 2 - 1;
  };
}

const product = (shape: readonly number[]) => shape.reduce((total, size) => total * size, 1);

type Attributes = Parameters<typeof makeNode>[4];

/** Builds a graph node by node; each method gives the name of what it makes. */
export class Net {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #random: () => number;

  constructor(seed = 1) {
    this.#random = randoms(seed);
  }

  weight(shape: readonly number[], scale = 1, shift = 0): string {
    const name = `w${this.initializers.length}`;
    const values = Float32Array.from({ length: product(shape) }, () => this.#random() * scale + shift);
    this.initializers.push(tensor(name, values, shape));
    return name;
  }

  ints(...values: number[]): string {
    const name = `i${this.initializers.length}`;
    this.initializers.push(tensor(name, BigInt64Array.from(values, BigInt), [values.length]));
    return name;
  }

  scalar(value: number): string {
    const name = `s${this.initializers.length}`;
    this.initializers.push(tensor(name, Float32Array.of(value)));
    return name;
  }

  scalarInt(value: number): string {
    const name = `s${this.initializers.length}`;
    this.initializers.push(tensor(name, BigInt64Array.of(BigInt(value))));
    return name;
  }

  op(opType: string, inputs: string[], attributes: Attributes = {}, outputs = 1): string {
    const name = `${opType.toLowerCase()}_${this.nodes.length}`;
    const made = Array.from({ length: outputs }, (_, index) => `${name}.${index}`);
    this.nodes.push(makeNode(opType, name, inputs, made, attributes));
    return `${name}.0`;
  }

  conv(
    x: string,
    inputs: number,
    outputs: number,
    size: number,
    { group = 1, bias = true, pad = size >> 1 } = {},
  ): string {
    const weight = this.weight([outputs, inputs / group, size, size], Math.sqrt(3 / ((inputs / group) * size * size)));
    const pads = [pad, pad, pad, pad].map(BigInt);
    const ends = bias ? [weight, this.weight([outputs], 0.3)] : [weight];
    return this.op('Conv', [x, ...ends], { group, pads, kernel_shape: [BigInt(size), BigInt(size)] });
  }

  batchNorm(x: string, channels: number): string {
    const [scale, bias] = [this.weight([channels], 0.3, 1), this.weight([channels], 0.3)];
    return this.op('BatchNormalization', [
      x,
      scale,
      bias,
      this.weight([channels], 0.2),
      this.weight([channels], 0.3, 1),
    ]);
  }

  linear(x: string, inputs: number, outputs: number): string {
    return this.op('MatMul', [x, this.weight([inputs, outputs], Math.sqrt(3 / inputs))]);
  }

  biased(x: string, outputs: number): string {
    return this.op('Add', [this.weight([outputs], 0.3), x]);
  }

  model(input: readonly Dim[], output: string, opset = 17): Model {
    const { nodes, initializers } = this;
    return modelWith({ inputs: { x: input }, initializers, nodes, outputs: [output], opset });
  }
}

export function inputs(shape: readonly number[], seed = 7): Dataset {
  const random = randoms(seed);
  const data = Float32Array.from({ length: product(shape) }, () => random() * 2);
  return { rows: shape[0] ?? 0, inputs: { x: { type: 'FP32', shape: [...shape], data } } };
}

/** Two residual blocks behind a stem, with BatchNorms. */
export function residualNet(): Model {
  const net = new Net(2);
  const block = (x: string) => {
    const inner = net.op('Relu', [net.batchNorm(net.conv(x, 8, 12, 3, { bias: false }), 12)]);
    return net.op('Relu', [net.op('Add', [net.batchNorm(net.conv(inner, 12, 8, 3, { bias: false }), 8), x])]);
  };
  const stem = net.op('Relu', [net.conv('x', 3, 8, 3)]);
  const features = net.op('GlobalAveragePool', [block(block(stem))]);
  const flat = net.op('Flatten', [features]);
  return net.model(['N', 3, 8, 8], net.op('Gemm', [flat, net.weight([8, 5]), net.weight([5])]));
}

/** Expand, depthwise, squeeze and excite, project: a block of MobileNetV3; then a flattened head. */
export function mobileNet(): Model {
  const net = new Net(3);
  const expanded = net.op('HardSwish', [net.batchNorm(net.conv('x', 4, 16, 1), 16)]);
  const spatial = net.op('Clip', [net.conv(expanded, 16, 16, 3, { group: 16 }), net.scalar(0), net.scalar(6)]);
  const pooled = net.op('ReduceMean', [spatial], { axes: [2n, 3n] });
  const gate = net.op('HardSigmoid', [net.conv(net.op('Relu', [net.conv(pooled, 16, 8, 1)]), 8, 16, 1)]);
  const projected = net.conv(net.op('Mul', [spatial, gate]), 16, 8, 1);
  const flat = net.op('Reshape', [
    net.op('MaxPool', [projected], { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
    net.ints(0, -1),
  ]);
  const classified = net.op('Gemm', [flat, net.weight([6, 8 * 9]), net.weight([6])], { transB: 1 });
  return net.model(['N', 4, 6, 6], classified);
}

/** A grouped Conv between dense ones, and a channel shuffle. */
export function groupedNet(): Model {
  const net = new Net(4);
  const wide = net.op('Relu', [net.conv('x', 4, 16, 1)]);
  const grouped = net.op('Relu', [net.conv(wide, 16, 24, 3, { group: 4 })]);
  const mixed = net.op('PRelu', [net.conv(grouped, 24, 8, 1), net.weight([8, 1, 1], 0.2)]);
  const split = net.op('Reshape', [mixed, net.ints(0, 4, 2, 5, 5)]);
  const swapped = net.op('Transpose', [split], { perm: [0n, 2n, 1n, 3n, 4n] });
  return net.model(['N', 4, 5, 5], net.conv(net.op('Reshape', [swapped, net.ints(0, 8, 5, 5)]), 8, 3, 1));
}

/** Dense connections: each layer reads all before it, and one is split again. */
export function denseNet(): Model {
  const net = new Net(5);
  let all = net.op('Relu', [net.conv('x', 3, 8, 3)]);
  for (const channels of [8, 16]) {
    const grown = net.op('Relu', [net.conv(net.batchNorm(all, channels), channels, 8, 3)]);
    all = net.op('Concat', [all, grown], { axis: 1 });
  }
  net.op('Split', [net.conv(all, 24, 16, 1), net.ints(8, 8)], { axis: 1 }, 2);
  const [left, right] = net.nodes.at(-1)?.output ?? [];
  const gated = net.op('Mul', [left ?? '', net.op('Sigmoid', [right ?? ''])]);
  const up = net.op('ConvTranspose', [gated, net.weight([8, 8, 2, 2], 0.3), net.weight([8])], { strides: [2n, 2n] });
  return net.model(['N', 3, 6, 6], net.conv(net.op('Tanh', [up]), 8, 2, 3));
}

/** GELU as exporters of old wrote it: x/√2, Erf, +1, ·x, ·½. */
export function gelu(net: Net, x: string): string {
  const erf = net.op('Erf', [net.op('Div', [x, net.scalar(Math.SQRT2)])]);
  return net.op('Mul', [net.op('Mul', [x, net.op('Add', [erf, net.scalar(1)])]), net.scalar(0.5)]);
}

/** Layers of every way that a matrix of weights is written, and a gate whose halves come of one matrix. */
export function mlp(): Model {
  const net = new Net(6);
  const first = gelu(net, net.biased(net.linear('x', 6, 32), 32));
  const second = net.op('Relu', [net.op('Gemm', [first, net.weight([24, 32], 0.3), net.weight([24])], { transB: 1 })]);
  net.op('Split', [net.linear(second, 24, 32), net.ints(16, 16)], { axis: -1 }, 2);
  const [left, right] = net.nodes.at(-1)?.output ?? [];
  const gated = net.op('Mul', [left ?? '', net.op('Sigmoid', [right ?? ''])]);
  return net.model(['N', 6], net.linear(gated, 16, 5));
}

/** Where the reshapes of an attention block take their sizes from. */
export type Sizes = 'constant' | 'computed' | 'joined';

/** A transformer block of 4 heads of 4 with a feed-forward part of 32; `joined`: one matrix for query, key and value. */
export function transformer(sizes: Sizes, layers = 1): Model {
  const [net, width, heads] = [new Net(8), 16, 4];
  const each = width / heads;
  const dim = (of: string, axis: number) => {
    return net.op('Unsqueeze', [
      net.op('Gather', [net.op('Shape', [of]), net.scalarInt(axis)], { axis: 0 }),
      net.ints(0),
    ]);
  };
  const target = (of: string, ...tail: number[]) =>
    sizes === 'constant'
      ? net.ints(0, 0, ...tail)
      : net.op('Concat', [dim(of, 0), dim(of, 1), ...tail.map((size) => net.ints(size))], { axis: 0 });
  const norm = (x: string) =>
    net.op('LayerNormalization', [x, net.weight([width], 0.3, 1), net.weight([width], 0.3)], { axis: -1 });
  const project = (x: string) => net.biased(net.linear(x, width, width), width);
  const separate = (x: string, perm: bigint[]) => {
    const projected = project(x);
    return net.op('Transpose', [net.op('Reshape', [projected, target(projected, heads, each)])], { perm });
  };
  const joined = (x: string): string[] => {
    const all = net.biased(net.linear(x, width, 3 * width), 3 * width);
    const split = net.op('Reshape', [all, net.ints(0, 0, 3, heads, each)]);
    const ahead = net.op('Transpose', [split], { perm: [2n, 0n, 3n, 1n, 4n] });
    return [0, 1, 2].map((index) => net.op('Gather', [ahead, net.scalarInt(index)], { axis: 0 }));
  };
  let x = norm('x');
  for (let layer = 0; layer < layers; layer++) {
    const [query = '', key = '', value = ''] =
      sizes === 'joined'
        ? joined(x)
        : [separate(x, [0n, 2n, 1n, 3n]), separate(x, [0n, 2n, 3n, 1n]), separate(x, [0n, 2n, 1n, 3n])];
    const keys = sizes === 'joined' ? net.op('Transpose', [key], { perm: [0n, 1n, 3n, 2n] }) : key;
    const scores = net.op('Div', [net.op('MatMul', [query, keys]), net.scalar(2)]);
    const context = net.op('MatMul', [net.op('Softmax', [scores], { axis: -1 }), value]);
    const back = net.op('Transpose', [context], { perm: [0n, 2n, 1n, 3n] });
    const attended = project(net.op('Reshape', [back, sizes === 'joined' ? net.ints(0, 0, -1) : target(back, width)]));
    const middle = norm(net.op('Add', [attended, x]));
    const hidden = gelu(net, net.biased(net.linear(middle, width, 32), 32));
    x = norm(net.op('Add', [net.biased(net.linear(hidden, 32, width), width), middle]));
  }
  return net.model(['N', 'S', width], x);
}
