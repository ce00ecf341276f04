import type { KernelKind } from '../../api/hardware-profile.ts';
import { modelWith } from '../onnx/fixtures.ts';
import { makeNode } from '../onnx/graph.ts';
import type { Model, NodeProto, TensorProto } from '../onnx/model.ts';
import { tensor } from '../onnx/tensors.ts';

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
function numbers(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const product = (shape: readonly number[]) => shape.reduce((total, size) => total * size, 1);

type Step = (from: string, to: string, index: number) => { nodes: NodeProto[]; constants?: TensorProto[] };

/** `layersInChain` steps one after the other, from `x` to `y`. */
function chain(shape: readonly number[], step: Step): Model {
  const steps = Array.from({ length: layersInChain }, (_, index) =>
    step(index === 0 ? 'x' : `y${index}`, index + 1 < layersInChain ? `y${index + 1}` : 'y', index),
  );
  const [nodes, initializers] = [steps.flatMap((each) => each.nodes), steps.flatMap(({ constants = [] }) => constants)];
  return modelWith({ inputs: { x: shape }, initializers, nodes, outputs: ['y'], opset: 17 });
}

/** A layer and the rectifier behind it. */
const rectified = (layer: NodeProto, to: string, index: number) => [
  layer,
  makeNode('Relu', `relu${index}`, [layer.output[0] ?? ''], [to]),
];

function convolutions(kind: KernelKind, channels: number, kernel: number, side: number, group = 1): KernelModel {
  const shape = [1, channels, side, side];
  const weights = [channels, channels / group, kernel, kernel];
  const pad = BigInt(kernel >> 1);
  const scale = Math.sqrt(6 / product(weights.slice(1)));
  const conv = (from: string, index: number) =>
    makeNode('Conv', `conv${index}`, [from, `w${index}`, `b${index}`], [`l${index}`], {
      ...{ kernel_shape: [BigInt(kernel), BigInt(kernel)], pads: [pad, pad, pad, pad], group },
    });
  const model = chain(shape, (from, to, index) => ({
    nodes: rectified(conv(from, index), to, index),
    constants: [
      tensor(
        `w${index}`,
        numbers(product(weights), index + 1).map((value) => value * scale),
        weights,
      ),
      tensor(`b${index}`, numbers(channels, index + 9), [channels]),
    ],
  }));
  const depthwise = group > 1 ? ' depthwise' : '';
  const name = `Conv ${kernel}x${kernel}${depthwise} ${channels}>${channels} ${side}x${side}`;
  return { name, kind, model, shape, layers: layersInChain, macs: product(weights) * side * side };
}

function products(kind: KernelKind, rows: number, width: number): KernelModel {
  const shape = [rows, width];
  const scale = Math.sqrt(6 / width);
  const model = chain(shape, (from, to, index) => ({
    nodes: rectified(makeNode('MatMul', `matmul${index}`, [from, `w${index}`], [`l${index}`]), to, index),
    constants: [
      tensor(
        `w${index}`,
        numbers(width * width, index + 1).map((value) => value * scale),
        [width, width],
      ),
    ],
  }));
  return {
    name: `MatMul ${rows}x${width}x${width}`,
    kind,
    model,
    shape,
    layers: layersInChain,
    macs: rows * width ** 2,
  };
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

/** An operator, or a pattern that engines fuse, several times one after the other on one shape. */
export type PatternModel = Pick<KernelModel, 'name' | 'model' | 'shape' | 'layers'>;

const pattern = (name: string, shape: readonly number[], step: Step): PatternModel => ({
  ...{ name: `${name} ${shape.join('x')}`, model: chain(shape, step), shape, layers: layersInChain },
});

const scalar = (name: string, value: number) => tensor(name, Float32Array.of(value));
const [map, tokens, scores] = [
  [1, 64, 56, 56],
  [64, 384],
  [8, 64, 64],
];

/** What stands between the layers of most models, in FP32. */
export const patternModels = (): PatternModel[] => [
  pattern('Add', map, (from, to, i) => ({
    nodes: [makeNode('Add', `n${i}`, [from, `c${i}`], [to])],
    constants: [tensor(`c${i}`, numbers(64, i), [1, 64, 1, 1])],
  })),
  pattern('Relu', map, (from, to, i) => ({ nodes: [makeNode('Relu', `n${i}`, [from], [to])] })),
  pattern('HardSwish', map, (from, to, i) => ({ nodes: [makeNode('HardSwish', `n${i}`, [from], [to])] })),
  pattern('Sigmoid and Mul', map, (from, to, i) => ({
    nodes: [makeNode('Sigmoid', `s${i}`, [from], [`s${i}`]), makeNode('Mul', `n${i}`, [from, `s${i}`], [to])],
  })),
  pattern('GELU', tokens, (from, to, i) => ({
    nodes: [
      makeNode('Div', `d${i}`, [from, `root${i}`], [`d${i}`]),
      makeNode('Erf', `e${i}`, [`d${i}`], [`e${i}`]),
      makeNode('Add', `a${i}`, [`e${i}`, `one${i}`], [`a${i}`]),
      makeNode('Mul', `m${i}`, [from, `a${i}`], [`m${i}`]),
      makeNode('Mul', `n${i}`, [`m${i}`, `half${i}`], [to]),
    ],
    constants: [scalar(`root${i}`, Math.SQRT2), scalar(`one${i}`, 1), scalar(`half${i}`, 0.5)],
  })),
  pattern('LayerNormalization', tokens, (from, to, i) => ({
    nodes: [makeNode('LayerNormalization', `n${i}`, [from, `g${i}`, `b${i}`], [to])],
    constants: [tensor(`g${i}`, numbers(384, 3 * i + 1), [384]), tensor(`b${i}`, numbers(384, 3 * i + 2), [384])],
  })),
  pattern('Softmax', scores, (from, to, i) => ({ nodes: [makeNode('Softmax', `n${i}`, [from], [to])] })),
  pattern('MaxPool 3x3', map, (from, to, i) => ({
    nodes: [makeNode('MaxPool', `n${i}`, [from], [to], { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n] })],
  })),
  pattern('MatMul of two activations', scores, (from, to, i) => ({
    nodes: [makeNode('MatMul', `n${i}`, [from, from], [to])],
  })),
];

/** Numbers for the input of a chain. */
export const kernelInput = ({ shape }: Pick<KernelModel, 'shape'>): Float32Array => numbers(product(shape), 77);
