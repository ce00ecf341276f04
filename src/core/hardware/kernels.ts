import type { KernelKind } from '../../api/hardware-profile.ts';
import { modelWith } from '../onnx/fixtures.ts';
import { makeNode } from '../onnx/graph.ts';
import type { Model, NodeProto, TensorProto } from '../onnx/model.ts';
import { adopted, tensor } from '../onnx/tensors.ts';

/** A chain of equal layers: what stands at its ends, such as quantising the input, is shared by all. */
export interface KernelModel {
  /** `Conv 3x3 64>64 28x28`. */
  name: string;
  kind: KernelKind;
  model: Model;
  /** Of the input `x`, FLOAT. */
  shape: readonly number[];
  /** Layers in the chain. */
  layers: number;
  /** Of one layer. */
  macs: number;
}

export const layersInChain = 3;

/** Numbers that look random and are the same in every run, in −1 to 1. */
export function numbers(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export const product = (shape: readonly number[]) => shape.reduce((total, size) => total * size, 1);

export type Step = (from: string, to: string, index: number) => { nodes: NodeProto[]; constants?: TensorProto[] };

/** `layers` steps one after the other, from `x` to `y`. */
export function chain(shape: readonly number[], step: Step, layers = layersInChain): Model {
  const steps = Array.from({ length: layers }, (_, index) =>
    step(index === 0 ? 'x' : `y${index}`, index + 1 < layers ? `y${index + 1}` : 'y', index),
  );
  const [nodes, initializers] = [steps.flatMap((each) => each.nodes), steps.flatMap(({ constants = [] }) => constants)];
  return modelWith({ inputs: { x: shape }, initializers, nodes, outputs: ['y'], opset: 17 });
}

/**
 * A chain whose large tensors never leave the device: `x` holds one number for each channel and is spread over a constant
 * of `shape`, and `y` is the mean over all but the channels, which are axis 1.
 */
export function residentChain(shape: readonly number[], step: Step, layers: number): { model: Model; input: number[] } {
  const input = shape.map((size, axis) => (axis === 1 ? size : 1));
  const model = chain(shape, step, layers);
  const spread = makeNode('Add', 'spread', ['x', 'map'], ['x0']);
  const axes = shape.flatMap((_, axis) => (axis === 1 ? [] : [BigInt(axis)]));
  const mean = makeNode('ReduceMean', 'mean', ['y0'], ['y'], { axes, keepdims: 1 });
  for (const node of model.graph.node) {
    node.input = node.input.map((name) => (name === 'x' ? 'x0' : name));
    node.output = node.output.map((name) => (name === 'y' ? 'y0' : name));
  }
  const { node, initializer } = model.graph;
  const initializers = [adopted('map', new Float32Array(product(shape)).fill(0.5), shape), ...initializer];
  const nodes = [spread, ...node, mean];
  return { model: modelWith({ inputs: { x: input }, initializers, nodes, outputs: ['y'], opset: 17 }), input };
}

/** A layer and the rectifier behind it. */
const rectified = (layer: NodeProto, to: string, index: number) => [
  layer,
  makeNode('Relu', `relu${index}`, [layer.output[0] ?? ''], [to]),
];

/** How chains are made for a GPU: of so many layers, large enough to keep one busy. */
interface OnGpu {
  layers: number;
  /** Images at once. */
  batch: number;
}

/** Chains of equal convolutions of maps of `side` x `side`, with as many channels before as after. */
export function convolutions(
  kind: KernelKind,
  channels: number,
  kernel: number,
  side: number,
  group = 1,
  onGpu?: OnGpu,
): KernelModel {
  const batch = onGpu?.batch ?? 1;
  const shape = [batch, channels, side, side];
  const weights = [channels, channels / group, kernel, kernel];
  const pad = BigInt(kernel >> 1);
  const scale = Math.sqrt(6 / product(weights.slice(1)));
  const conv = (from: string, index: number) =>
    makeNode('Conv', `conv${index}`, [from, `w${index}`, `b${index}`], [`l${index}`], {
      ...{ kernel_shape: [BigInt(kernel), BigInt(kernel)], pads: [pad, pad, pad, pad], group },
    });
  const step: Step = (from, to, index) => ({
    nodes: rectified(conv(from, index), to, index),
    constants: [
      tensor(
        `w${index}`,
        numbers(product(weights), index + 1).map((value) => value * scale),
        weights,
      ),
      tensor(`b${index}`, numbers(channels, index + 9), [channels]),
    ],
  });
  const depthwise = group > 1 ? ' depthwise' : '';
  const images = batch > 1 ? `${batch}x` : '';
  const name = `Conv ${kernel}x${kernel}${depthwise} ${channels}>${channels} ${images}${side}x${side}`;
  const macs = product(weights) * side * side * batch;
  return { name, kind, macs, ...chainOf(shape, step, onGpu) };
}

function chainOf(shape: readonly number[], step: Step, onGpu: OnGpu | undefined) {
  if (!onGpu) return { model: chain(shape, step), shape, layers: layersInChain };
  const { model, input } = residentChain(shape, step, onGpu.layers);
  return { model, shape: input, layers: onGpu.layers };
}

/** Chains of products with square weights, of so many rows. */
export function products(kind: KernelKind, rows: number, width: number, onGpu?: OnGpu): KernelModel {
  const shape = [rows, width];
  const scale = Math.sqrt(6 / width);
  const step: Step = (from, to, index) => ({
    nodes: rectified(makeNode('MatMul', `matmul${index}`, [from, `w${index}`], [`l${index}`]), to, index),
    constants: [
      tensor(
        `w${index}`,
        numbers(width * width, index + 1).map((value) => value * scale),
        [width, width],
      ),
    ],
  });
  return { name: `MatMul ${rows}x${width}x${width}`, kind, macs: rows * width ** 2, ...chainOf(shape, step, onGpu) };
}

/**
 * Chains of the layers that most of the time of most models goes into, two sizes of each kind: feature maps that are
 * large and thin, or small and deep; a batch of tokens, or one.
 */
export const kernelModels = (): KernelModel[] => [
  convolutions('Conv', 32, 3, 112),
  convolutions('Conv', 128, 3, 14),
  convolutions('PointwiseConv', 32, 1, 112),
  convolutions('PointwiseConv', 256, 1, 14),
  convolutions('DepthwiseConv', 32, 3, 112, 32),
  convolutions('DepthwiseConv', 256, 5, 14, 256),
  products('MatMul', 64, 384),
  products('MatMul', 128, 1024),
  products('VectorMatMul', 1, 384),
  products('VectorMatMul', 1, 1024),
];

/** Numbers for the input of a chain. */
export const kernelInput = ({ shape }: Pick<KernelModel, 'shape'>): Float32Array => numbers(product(shape), 77);
