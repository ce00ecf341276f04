import { makeNode } from '../onnx/graph.ts';
import { tensor } from '../onnx/tensors.ts';
import { chain, type KernelModel, layersInChain, numbers, type Step } from './kernels.ts';

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
