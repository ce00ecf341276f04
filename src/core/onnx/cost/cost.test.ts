import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { modelWith } from '../fixtures.ts';
import { makeNode } from '../graph.ts';
import { decode } from '../model.ts';
import { tensor } from '../tensors.ts';
import { modelCost } from './cost.ts';

const weights = (name: string, ...shape: number[]) =>
  tensor(name, new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);

const convolutional = modelWith({
  inputs: { x: ['N', 3, 8, 8] },
  initializers: [weights('w', 4, 3, 3, 3), weights('v', 10, 4)],
  nodes: [
    makeNode('Conv', 'conv', ['x', 'w'], ['c'], { pads: [1n, 1n, 1n, 1n] }),
    makeNode('Relu', 'relu', ['c'], ['r']),
    makeNode('GlobalAveragePool', 'pool', ['r'], ['p']),
    makeNode('Flatten', 'flatten', ['p'], ['f']),
    makeNode('Gemm', 'head', ['f', 'v'], ['y'], { transB: 1 }),
  ],
  outputs: ['y'],
});

test('a small network costs what a pencil says', () => {
  const cost = modelCost(convolutional);
  const [image, feature] = [4 * 3 * 64, 4 * 4 * 64];
  assert.equal(cost.macs, 4 * 64 * 27 + 40);
  assert.equal(cost.parameters, 4 * 27 + 40);
  assert.equal(cost.weightBytes, 4 * cost.parameters);
  assert.equal(cost.nodes[0]?.bytesRead, image + 4 * 108);
  assert.equal(cost.nodes[0]?.workingSetBytes, image + 4 * 108 + feature);
  assert.deepEqual(cost.nodes[3] && [cost.nodes[3].bytesRead, cost.nodes[3].bytesWritten], [0, 0]);
  assert.equal(cost.peakActivationBytes, image + 2 * feature);
  assert.equal(cost.peakAt?.name, 'relu');
  assert.deepEqual(cost.assumed, ['N']);
});

test('activations grow with the batch, weights do not', () => {
  const [one, eight] = [modelCost(convolutional), modelCost(convolutional, { dims: { N: 8 } })];
  assert.deepEqual(
    [eight.macs, eight.bytesWritten, eight.peakActivationBytes],
    [one.macs, one.bytesWritten, one.peakActivationBytes].map((each) => 8 * each),
  );
  assert.deepEqual([eight.weightBytes, eight.assumed], [one.weightBytes, []]);
});

test('what is made of constants alone counts as a weight and runs once', () => {
  const model = modelWith({
    ...{ inputs: { x: [2, 3] }, initializers: [weights('w', 4, 3)], outputs: ['y'] },
    nodes: [makeNode('Transpose', 't', ['w'], ['wt']), makeNode('MatMul', 'm', ['x', 'wt'], ['y'])],
  });
  const { nodes, parameters, macs } = modelCost(model);
  assert.deepEqual([nodes[0]?.folded, nodes[0]?.bytesRead, parameters, macs], [true, 0, 12, 24]);
});

test('a table is read by the rows that are taken, packed weights are counted unpacked', () => {
  const rows = makeNode('Gather', 'rows', ['table', 'i'], ['h']);
  const packed = makeNode('MatMulNBits', 'm', ['h', 'b', 's'], ['y'], { K: 64, N: 32, bits: 4, block_size: 32 });
  packed.domain = 'com.microsoft';
  const model = modelWith({
    inputs: { i: [5] },
    initializers: [weights('table', 1000, 64), tensor('b', new Uint8Array(1024), [32, 2, 16]), weights('s', 64)],
    ...{ nodes: [rows, packed], outputs: ['y'] },
  });
  const cost = modelCost(model);
  assert.equal(cost.nodes[0]?.bytesRead, 5 * 4 + 5 * 64 * 4);
  assert.equal(cost.macs, 5 * 64 * 32);
  assert.equal(cost.parameters, 64_000 + 64 * 32 + 64);
});

test('an input that two branches share lives until the later one has read it', () => {
  const model = modelWith({
    ...{ inputs: { x: [100] }, outputs: ['y'] },
    nodes: [
      makeNode('Relu', 'a', ['x'], ['a']),
      makeNode('Relu', 'b', ['a'], ['b']),
      makeNode('Reshape', 'view', ['b', 'shape'], ['v']),
      makeNode('Relu', 'c', ['v'], ['c']),
      makeNode('Add', 'sum', ['a', 'c'], ['y']),
    ],
    initializers: [tensor('shape', BigInt64Array.of(100n), [1])],
  });
  // x, a, b and c at once, then x, a, c and y; the view of b takes nothing of its own.
  assert.deepEqual([modelCost(model).peakActivationBytes, modelCost(model).peakAt?.name], [1600, 'c']);
});

test('the quick start model runs with all the weights in its file', () => {
  const model = decode(new Uint8Array(readFileSync('examples/quickstart/supernet.onnx')));
  const cost = modelCost(model);
  const inFile = model.graph.initializer.flatMap(({ dims }) => dims.reduce((product, size) => product * size, 1n));
  assert.equal(cost.parameters, Number(inFile.reduce((sum, each) => sum + each, 0n)));
  assert.ok(cost.macs > 1e6);
  assert.deepEqual(cost.inference.unanalysed, []);
});
