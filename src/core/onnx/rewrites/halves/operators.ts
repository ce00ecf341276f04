import type { NodeProto } from '../../model.ts';

/** Which inputs and outputs of an operator share the type that it computes in. */
export interface Shape16 {
  inputs: readonly number[];
  outputs: readonly number[];
}

const every = 16;
const all = Array.from({ length: every }, (_, index) => index);
const first = [0];

/**
 * Operators that ONNX Runtime's CUDA provider has kernels of 16 bits for, and whose values stay in the range of halves:
 * no powers, exponentials and sums of many.
 */
const table: Record<string, Shape16> = {
  ...Object.fromEntries(
    [
      ...['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'FusedMatMul', 'FusedConv'],
      ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Clip', 'Concat'],
      ...['Relu', 'LeakyRelu', 'PRelu', 'Sigmoid', 'Tanh', 'Erf', 'Gelu', 'HardSwish', 'HardSigmoid', 'Elu', 'Softmax'],
      ...['BiasGelu', 'FastGelu', 'QuickGelu', 'Identity'],
    ].map((name) => [name, { inputs: all, outputs: all }]),
  ),
  ...Object.fromEntries(
    [
      ...['Reshape', 'Transpose', 'Flatten', 'Squeeze', 'Unsqueeze', 'Slice', 'Split', 'Gather', 'Expand', 'Tile'],
      ...['ReduceMean', 'ReduceMax', 'GlobalAveragePool', 'GlobalMaxPool', 'AveragePool'],
    ].map((name) => [name, { inputs: first, outputs: all }]),
  ),
  MaxPool: { inputs: first, outputs: first },
  Dropout: { inputs: first, outputs: first },
  Pad: { inputs: [0, 2], outputs: first },
  Where: { inputs: [1, 2], outputs: first },
  LayerNormalization: { inputs: [0, 1, 2], outputs: first },
  SkipLayerNormalization: { inputs: [0, 1, 2, 3, 4], outputs: [0, 3] },
  MultiHeadAttention: { inputs: [0, 1, 2, 3], outputs: first },
};

/** How an operator computes in 16 bits; undefined where it is to stay as it is. */
export function shapesOf16({ opType, attribute }: NodeProto): Shape16 | undefined {
  return attribute.some(({ g }) => g) ? undefined : table[opType ?? ''];
}
