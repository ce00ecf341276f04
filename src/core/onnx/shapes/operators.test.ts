import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelWith } from '../fixtures.ts';
import { makeNode } from '../graph.ts';
import { tensor } from '../tensors.ts';
import type { Dim, Shape } from './dims.ts';
import { inferShapes } from './infer.ts';

const int64 = (name: string, ...values: number[]) => tensor(name, BigInt64Array.from(values, BigInt), [values.length]);
const floats = (name: string, ...values: number[]) => tensor(name, Float32Array.from(values), [values.length]);
const weights = (name: string, ...shape: number[]) =>
  tensor(name, new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);

type Attributes = Parameters<typeof makeNode>[4];
interface Case {
  operator: string;
  inputs?: Record<string, readonly Dim[]>;
  constants?: ReturnType<typeof tensor>[];
  attributes?: Attributes;
  opset?: number;
  domain?: string;
  outputs: (Shape | undefined)[];
}

function outputsOf({ operator, inputs = {}, constants = [], attributes, opset, domain, outputs }: Case) {
  const names = outputs.map((_, index) => `y${index}`);
  const read = [...Object.keys(inputs), ...constants.map(({ name }) => name)];
  const node = makeNode(operator, 'node', read, names, attributes);
  if (domain) node.domain = domain;
  return inferShapes(modelWith({ inputs, initializers: constants, nodes: [node], outputs: names, opset }));
}

/** One line an operator or a family; sizes from ONNX's own inference (onnx 1.23.2) unless they are by name. */
const cases: Case[] = [
  { operator: 'Add', inputs: { a: ['N', 1, 8], b: [4, 1] }, outputs: [['N', 4, 8]] },
  { operator: 'PRelu', inputs: { a: ['N', 3] }, constants: [weights('s', 3)], outputs: [['N', 3]] },
  {
    ...{ operator: 'Conv', inputs: { x: ['N', 3, 'H', 224] }, constants: [weights('w', 8, 3, 3, 3)] },
    attributes: { strides: [2n, 2n], pads: [1n, 1n, 1n, 1n] },
    outputs: [['N', 8, '(floor((H - 1)/2) + 1)', 112]],
  },
  {
    ...{ operator: 'Conv', inputs: { x: [1, 4, 7, 7] }, constants: [weights('w', 4, 1, 3, 3)] },
    attributes: { group: 4, auto_pad: 'SAME_UPPER', strides: [2n, 2n] },
    outputs: [[1, 4, 4, 4]],
  },
  {
    ...{ operator: 'ConvTranspose', inputs: { x: [1, 4, 5, 'W'] }, constants: [weights('w', 4, 2, 2, 2)] },
    attributes: { strides: [2n, 2n] },
    outputs: [[1, 2, 10, '2*W']],
  },
  {
    ...{ operator: 'MaxPool', inputs: { x: [1, 4, 7, 7] }, attributes: { kernel_shape: [2n, 2n], strides: [2n, 2n] } },
    outputs: [
      [1, 4, 3, 3],
      [1, 4, 3, 3],
    ],
  },
  {
    ...{ operator: 'MaxPool', inputs: { x: [1, 4, 7, 7] } },
    attributes: { kernel_shape: [2n, 2n], strides: [2n, 2n], ceil_mode: 1 },
    outputs: [[1, 4, 4, 4]],
  },
  { operator: 'GlobalAveragePool', inputs: { x: ['N', 4, 'H', 'W'] }, outputs: [['N', 4, 1, 1]] },
  { operator: 'MatMul', inputs: { a: ['B', 12, 'S', 32], b: ['B', 12, 32, 'S'] }, outputs: [['B', 12, 'S', 'S']] },
  { operator: 'MatMul', inputs: { a: [5], b: [5, 3] }, outputs: [[3]] },
  { operator: 'Gemm', inputs: { a: ['N', 8], b: [4, 8] }, attributes: { transB: 1 }, outputs: [['N', 4]] },
  {
    operator: 'Einsum',
    inputs: { a: ['B', 3, 4], b: ['B', 4, 5] },
    attributes: { equation: 'bij,bjk->bik' },
    outputs: [['B', 3, 5]],
  },
  {
    ...{ operator: 'MatMulNBits', domain: 'com.microsoft', inputs: { a: ['B', 'S', 64] } },
    attributes: { K: 64, N: 128, bits: 4, block_size: 32 },
    outputs: [['B', 'S', 128]],
  },
  {
    operator: 'Reshape',
    inputs: { x: ['B', 'S', 384] },
    constants: [int64('s', 0, 0, 12, 32)],
    outputs: [['B', 'S', 12, 32]],
  },
  { operator: 'Reshape', inputs: { x: ['B', 'S', 384] }, constants: [int64('s', -1, 384)], outputs: [['B*S', 384]] },
  {
    operator: 'Reshape',
    inputs: { x: [2, 0, 3] },
    constants: [int64('s', 0, 6)],
    attributes: { allowzero: 1 },
    outputs: [[0, 6]],
  },
  { operator: 'Transpose', inputs: { x: ['B', 2, 3] }, attributes: { perm: [2n, 0n, 1n] }, outputs: [[3, 'B', 2]] },
  { operator: 'Squeeze', inputs: { x: ['B', 1, 3] }, constants: [int64('a', 1)], outputs: [['B', 3]] },
  { operator: 'Squeeze', inputs: { x: ['B', 1, 3] }, attributes: { axes: [-2n] }, opset: 11, outputs: [['B', 3]] },
  { operator: 'Unsqueeze', inputs: { x: ['B', 3] }, constants: [int64('a', 0, -1)], outputs: [[1, 'B', 3, 1]] },
  { operator: 'Flatten', inputs: { x: ['B', 3, 4] }, outputs: [['B', 12]] },
  { operator: 'Expand', inputs: { x: [1, 3] }, constants: [int64('s', 4, 1)], outputs: [[4, 3]] },
  { operator: 'Tile', inputs: { x: ['B', 3] }, constants: [int64('r', 2, 2)], outputs: [['2*B', 6]] },
  { operator: 'Pad', inputs: { x: ['H', 3] }, constants: [int64('p', 1, 0, 2, -1)], outputs: [['(H + 3)', 2]] },
  {
    operator: 'Resize',
    inputs: { x: [1, 3, 'H', 5] },
    constants: [floats('roi'), floats('s', 1, 1, 2, 2.5)],
    outputs: [[1, 3, '2*H', 12]],
  },
  { operator: 'Concat', inputs: { a: ['N', 3], b: ['N', 'M'] }, attributes: { axis: 1 }, outputs: [['N', '(M + 3)']] },
  {
    operator: 'Split',
    inputs: { x: ['N', 7] },
    attributes: { axis: 1, num_outputs: 2 },
    outputs: [
      ['N', 4],
      ['N', 3],
    ],
  },
  {
    operator: 'Split',
    inputs: { x: ['N', 7] },
    constants: [int64('s', 2, 5)],
    attributes: { axis: 1 },
    outputs: [
      ['N', 2],
      ['N', 5],
    ],
  },
  {
    operator: 'Slice',
    inputs: { x: ['N', 10] },
    constants: [int64('s', -3), int64('e', 999), int64('a', 1)],
    outputs: [['N', 3]],
  },
  {
    operator: 'Slice',
    inputs: { x: ['S', 10] },
    constants: [int64('s', 9), int64('e', -99), int64('a', 1), int64('t', -4)],
    outputs: [['S', 3]],
  },
  {
    operator: 'Slice',
    inputs: { x: ['S', 4] },
    constants: [int64('s', 0), int64('e', -1), int64('a', 0)],
    outputs: [['(S - 1)', 4]],
  },
  { operator: 'Gather', inputs: { x: [30522, 384], i: ['B', 'S'] }, outputs: [['B', 'S', 384]] },
  {
    operator: 'ReduceMean',
    inputs: { x: ['B', 'S', 384] },
    attributes: { axes: [-1n] },
    opset: 13,
    outputs: [['B', 'S', 1]],
  },
  {
    operator: 'ReduceMean',
    inputs: { x: ['B', 'S', 384] },
    constants: [int64('a', 1)],
    attributes: { keepdims: 0 },
    outputs: [['B', 384]],
  },
  { operator: 'ArgMax', inputs: { x: ['B', 10] }, attributes: { axis: 1, keepdims: 0 }, outputs: [['B']] },
  {
    operator: 'TopK',
    inputs: { x: ['B', 10] },
    constants: [int64('k', 3)],
    outputs: [
      ['B', 3],
      ['B', 3],
    ],
  },
  {
    operator: 'LayerNormalization',
    inputs: { x: ['B', 'S', 384] },
    constants: [weights('g', 384)],
    outputs: [
      ['B', 'S', 384],
      ['B', 'S', 1],
    ],
  },
  { operator: 'DynamicQuantizeLinear', inputs: { x: ['B', 8] }, outputs: [['B', 8], [], []] },
  { operator: 'OneHot', inputs: { x: ['B'] }, constants: [int64('d', 10), floats('v', 0, 1)], outputs: [['B', 10]] },
  { operator: 'NonZero', inputs: { x: ['B', 8] }, outputs: [[2, '?']] },
  {
    operator: 'LSTM',
    inputs: { x: ['S', 'B', 8] },
    constants: [weights('w', 1, 64, 8)],
    attributes: { hidden_size: 16 },
    outputs: [
      ['S', 1, 'B', 16],
      [1, 'B', 16],
    ],
  },
];

for (const each of cases) {
  const given = Object.values(each.inputs ?? {}).map((shape) => `[${shape.join(', ')}]`);
  test(`${each.operator} of ${given.join(' and ')} is ${each.outputs.map((shape) => `[${shape?.join(', ')}]`).join(', ')}`, () => {
    const { values } = outputsOf(each);
    assert.deepEqual(
      each.outputs.map((_, index) => values.get(`y${index}`)?.shape),
      each.outputs,
    );
  });
}

const wrong: [string, Case, RegExp][] = [
  [
    'shapes that do not broadcast',
    { operator: 'Add', inputs: { a: [3], b: [4] }, outputs: [[]] },
    /node "node" \(Add\): shapes \[3\] and \[4\] can not be broadcast/,
  ],
  [
    'channels that differ',
    { operator: 'Conv', inputs: { x: [1, 4, 5, 5] }, constants: [weights('w', 8, 3, 3, 3)], outputs: [[]] },
    /the input has 4 channels, the weights take 3/,
  ],
  [
    'a window larger than its input',
    { operator: 'Conv', inputs: { x: [1, 3, 2, 5] }, constants: [weights('w', 8, 3, 3, 3)], outputs: [[]] },
    /a window of 3 does not fit into 2/,
  ],
  [
    'matrices that do not multiply',
    { operator: 'MatMul', inputs: { a: [2, 3], b: [4, 2] }, outputs: [[]] },
    /3 is not 4/,
  ],
  [
    'a reshape that loses elements',
    { operator: 'Reshape', inputs: { x: [2, 3] }, constants: [int64('s', 4, -1)], outputs: [[]] },
    /6 elements of \[2, 3\] do not fill \[4, -1\]/,
  ],
  [
    'an axis that is not there',
    { operator: 'ArgMax', inputs: { x: [2] }, attributes: { axis: 3 }, outputs: [[]] },
    /axis 3 does not exist in a tensor of rank 1/,
  ],
  [
    'a negative size',
    { operator: 'Pad', inputs: { x: [2] }, constants: [int64('p', -3, 0)], outputs: [[]] },
    /has the impossible shape \[-1\]/,
  ],
  [
    'more elements than can be counted',
    { operator: 'Expand', inputs: { x: [1] }, constants: [int64('s', 2 ** 40, 2 ** 40)], outputs: [[]] },
    /holds more than 2\^53 elements/,
  ],
  [
    'a stride of nothing',
    {
      operator: 'MaxPool',
      inputs: { x: [1, 1, 4, 4] },
      attributes: { kernel_shape: [1n, 1n], strides: [0n, 1n] },
      outputs: [[]],
    },
    /strides \[0,1\] are not all above 0/,
  ],
];

for (const [name, given, sentence] of wrong) {
  test(`${name} is refused with the node's name`, () => {
    assert.throws(() => outputsOf(given), { name: 'ModelError', message: sentence });
  });
}
