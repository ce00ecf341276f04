/** Small models of each family for the contract of rewrites: random weights from a seed, and inputs to calibrate on. */
import { modelWith, valueInfo } from '../../src/core/onnx/fixtures.ts';
import { makeNode } from '../../src/core/onnx/graph.ts';
import type { Model, NodeProto, TensorProto } from '../../src/core/onnx/model.ts';
import { prepare } from '../../src/core/onnx/prepare.ts';
import { tensor } from '../../src/core/onnx/tensors.ts';
import type { RewriteCase } from './rewrite.ts';

/** Numbers that look random and are the same in every run: about normal, of the standard deviation given. */
export function numbers(seed: number): (count: number, deviation?: number) => Float32Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return (count, deviation = 1) => Float32Array.from({ length: count }, () => normal() * deviation);
}

const product = (shape: readonly number[]) => shape.reduce((total, size) => total * size, 1);

/** Nodes and their weights, written one after the other; each method returns the name of what it makes. */
export class Builder {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly random: ReturnType<typeof numbers>;

  constructor(seed = 1) {
    this.random = numbers(seed);
  }

  constant(data: Float32Array | BigInt64Array, shape: readonly number[]): string {
    const name = `c${this.initializers.length}`;
    this.initializers.push(tensor(name, data, shape));
    return name;
  }

  weights(shape: readonly number[], fanIn: number): string {
    return this.constant(this.random(product(shape), 1 / Math.sqrt(fanIn)), shape);
  }

  scalar = (value: number) => this.constant(Float32Array.of(value), []);
  sizes = (...sizes: number[]) => this.constant(BigInt64Array.from(sizes, BigInt), [sizes.length]);

  op(operator: string, inputs: string[], attributes: Parameters<typeof makeNode>[4] = {}, outputs = 1): string {
    const at = `${operator}_${this.nodes.length}`;
    const names = Array.from({ length: outputs }, (_, i) => (i ? `${at}.${i}` : at));
    this.nodes.push(makeNode(operator, at, inputs, names, attributes));
    return at;
  }

  conv(
    x: string,
    from: number,
    to: number,
    kernel = 3,
    { group = 1, stride = 1, pad = kernel >> 1, bias = true } = {},
  ) {
    const within = from / group;
    const weights = this.weights([to, within, kernel, kernel], within * kernel ** 2);
    const inputs = [x, weights, ...(bias ? [this.constant(this.random(to, 0.3), [to])] : [])];
    return this.op('Conv', inputs, {
      ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group },
    });
  }

  batchNorm(x: string, channels: number): string {
    const vector = (data: Float32Array) => this.constant(data, [channels]);
    const gamma = vector(this.random(channels, 0.2).map((value) => 1 + value));
    const variance = vector(this.random(channels, 0.5).map((value) => 0.5 + Math.abs(value)));
    const [beta, mean] = [vector(this.random(channels, 0.2)), vector(this.random(channels, 0.2))];
    return this.op('BatchNormalization', [x, gamma, beta, mean, variance]);
  }

  dense(x: string, from: number, to: number): string {
    const made = this.op('MatMul', [x, this.weights([from, to], from)]);
    return this.op('Add', [made, this.constant(this.random(to, 0.2), [to])]);
  }

  layerNorm(x: string, size: number): string {
    const gamma = this.constant(
      this.random(size, 0.1).map((value) => 1 + value),
      [size],
    );
    return this.op('LayerNormalization', [x, gamma, this.constant(this.random(size, 0.1), [size])], { axis: -1 });
  }

  gelu(x: string): string {
    const erf = this.op('Erf', [this.op('Div', [x, this.scalar(Math.SQRT2)])]);
    return this.op('Mul', [this.op('Mul', [x, this.op('Add', [erf, this.scalar(1)])]), this.scalar(0.5)]);
  }

  attention(x: string, size: number, heads: number): string {
    const each = size / heads;
    const split = (name: string) => this.op('Reshape', [name, this.sizes(0, -1, heads, each)]);
    const turned = (name: string, perm: number[]) => this.op('Transpose', [split(name)], { perm });
    const [q, k, v] = [this.dense(x, size, size), this.dense(x, size, size), this.dense(x, size, size)];
    const scores = this.op('MatMul', [turned(q, [0, 2, 1, 3]), turned(k, [0, 2, 3, 1])]);
    const weights = this.op('Softmax', [this.op('Div', [scores, this.scalar(Math.sqrt(each))])], { axis: -1 });
    const mixed = this.op('Transpose', [this.op('MatMul', [weights, turned(v, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
    return this.dense(this.op('Reshape', [mixed, this.sizes(0, -1, size)]), size, size);
  }

  model(inputs: Record<string, readonly (number | string)[]>, outputs: string[], opset = 17): Model {
    const model = modelWith({ inputs, nodes: this.nodes, initializers: this.initializers, outputs, opset });
    model.graph.output = outputs.map((name) => valueInfo(name));
    return prepare(model);
  }
}

const rows = 32;
export const floatInput = (name: string, shape: readonly number[], seed = 9) => ({
  rows,
  inputs: { [name]: { type: 'FP32' as const, shape: [rows, ...shape], data: numbers(seed)(rows * product(shape)) } },
});

/** Convolutions with BatchNorms, a depthwise one, squeeze-and-excitation, a residual block, and a classifier. */
export function cnn(): RewriteCase {
  const b = new Builder(3);
  let x = b.op('HardSwish', [b.batchNorm(b.conv('x', 3, 16, 3, { stride: 2, bias: false }), 16)]);
  x = b.op('HardSwish', [b.batchNorm(b.conv(x, 16, 16, 5, { group: 16, bias: false }), 16)]);
  const squeezed = b.op('GlobalAveragePool', [x]);
  const gate = b.op('HardSigmoid', [b.conv(b.op('Relu', [b.conv(squeezed, 16, 8, 1)]), 8, 16, 1)]);
  x = b.op('Mul', [x, gate]);
  const inner = b.op('HardSwish', [b.batchNorm(b.conv(x, 16, 32, 3), 32)]);
  x = b.op('Relu', [b.op('Add', [b.batchNorm(b.conv(inner, 32, 16, 3), 16), x])]);
  const wide = b.conv(x, 16, 32, 1);
  x = b.op('Mul', [wide, b.op('Sigmoid', [wide])]);
  x = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
  const out = b.op('Gemm', [x, b.weights([32, 10], 32), b.constant(b.random(10), [10])]);
  return { name: 'a CNN', model: b.model({ x: ['N', 3, 16, 16] }, [out]), calibration: floatInput('x', [3, 16, 16]) };
}

/** Encoder layers, normalised after (as BERT is) or before each sublayer (as ViT and GPT are). */
export function transformer(normalised: 'before' | 'after'): RewriteCase {
  const b = new Builder(normalised === 'after' ? 5 : 6);
  let x = b.layerNorm(b.dense('x', 8, 32), 32);
  for (let layer = 0; layer < 2; layer++) {
    const feed = (input: string) => b.dense(b.gelu(b.dense(input, 32, 64)), 64, 32);
    for (const sublayer of [(input: string) => b.attention(input, 32, 4), feed]) {
      x =
        normalised === 'after'
          ? b.layerNorm(b.op('Add', [sublayer(x), x]), 32)
          : b.op('Add', [x, sublayer(b.layerNorm(x, 32))]);
    }
  }
  const out = b.op('MatMul', [x, b.weights([32, 4], 32)]);
  const model = b.model({ x: ['N', 'S', 8] }, [out]);
  return { name: `a transformer normalised ${normalised}`, model, calibration: floatInput('x', [6, 8]) };
}

/** Dense layers with each activation that is written in several nodes, and with each that an operator makes. */
export function mlp(): RewriteCase {
  const b = new Builder(7);
  let x = 'x';
  const one = (operator: string) => (name: string) => b.op(operator, [name]);
  const silu = (name: string) => b.op('Mul', [name, b.op('Sigmoid', [name])]);
  const mish = (name: string) => b.op('Mul', [name, b.op('Tanh', [b.op('Softplus', [name])])]);
  const activations = [b.gelu.bind(b), silu, mish, one('Tanh'), one('Sigmoid'), one('Elu'), one('Softplus')];
  for (const activation of activations) x = activation(b.dense(x, 16, 16));
  const out = b.op('Gemm', [x, b.weights([16, 4], 16)]);
  return { name: 'an MLP', model: b.model({ x: ['N', 16] }, [out]), calibration: floatInput('x', [16]) };
}

export const families = (): RewriteCase[] => [cnn(), transformer('after'), transformer('before'), mlp()];
