import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { modelWith, valueInfo } from '../fixtures.ts';
import { makeNode } from '../graph.ts';
import { decode, type Model } from '../model.ts';
import { DataType } from '../tensor-data/element-types.ts';
import { tensor } from '../tensors.ts';
import { inferShapes } from './infer.ts';

const int64 = (name: string, ...values: number[]) => tensor(name, BigInt64Array.from(values, BigInt), [values.length]);
const _floats = (name: string, ...values: number[]) => tensor(name, Float32Array.from(values), [values.length]);
const weights = (name: string, ...shape: number[]) =>
  tensor(name, new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);

test('a chain of Shape, Gather, Concat and Reshape keeps the names of sizes', () => {
  const nodes = [
    makeNode('Shape', 'shape', ['x'], ['s']),
    makeNode('Gather', 'batch', ['s', 'zero'], ['b']),
    makeNode('Gather', 'rows', ['s', 'one'], ['h']),
    makeNode('Mul', 'area', ['h', 'width'], ['hw']),
    makeNode('Unsqueeze', 'u1', ['b', 'zeros'], ['b1']),
    makeNode('Unsqueeze', 'u2', ['hw', 'zeros'], ['hw1']),
    makeNode('Concat', 'target', ['b1', 'hw1', 'rest'], ['t'], { axis: 0 }),
    makeNode('Reshape', 'reshape', ['x', 't'], ['y']),
    makeNode('Range', 'range', ['start', 'hw', 'step'], ['r']),
    makeNode('ConstantOfShape', 'zeros', ['t2'], ['z']),
    makeNode('Slice', 'head', ['t', 'zeros', 'two'], ['t2']),
  ];
  const scalar = (name: string, value: number) => tensor(name, BigInt64Array.of(BigInt(value)));
  const scalars = { zero: 0, one: 2, width: 4, start: 0, step: 1 };
  const initializers = [
    ...Object.entries(scalars).map(([name, value]) => scalar(name, value)),
    ...[int64('zeros', 0), int64('rest', -1), int64('two', 2)],
  ];
  const model = modelWith({ inputs: { x: ['B', 3, 'H', 4] }, initializers, nodes, outputs: ['y', 'r', 'z'] });
  const { values, openDims, order } = inferShapes(model);
  assert.deepEqual(values.get('y')?.shape, ['B', '4*H', 3]);
  assert.deepEqual(values.get('r')?.shape, ['4*H']);
  assert.deepEqual(values.get('z')?.shape, ['B', '4*H']);
  assert.deepEqual(openDims, ['B', 'H']);
  assert.ok(order.findIndex(({ name }) => name === 'head') < order.findIndex(({ output }) => output[0] === 'z'));
});

test('sizes of inputs can be bound by name, those without a name by input and axis', () => {
  const model = modelWith({
    ...{ inputs: { x: ['N', '?', 4] }, initializers: [weights('w', 4, 2)], outputs: ['y'] },
    nodes: [makeNode('MatMul', 'm', ['x', 'w'], ['y'])],
  });
  assert.deepEqual(inferShapes(model).openDims, ['N', 'x.1']);
  assert.deepEqual(inferShapes(model, { dims: { N: 3 }, otherDims: 5 }).values.get('y')?.shape, [3, 5, 2]);
  assert.deepEqual(inferShapes(model, { dims: { 'x.1': 7 } }).values.get('y')?.shape, ['N', 7, 2]);
});

test('an operator without a rule makes nothing fail: what the file declares counts, and it is listed', () => {
  const unknown = makeNode('Mystery', 'm', ['x'], ['h']);
  unknown.domain = 'acme';
  const model = modelWith({
    inputs: { x: [2, 3] },
    nodes: [unknown, makeNode('Relu', 'r', ['h'], ['y'])],
    outputs: ['y'],
  });
  const dark = inferShapes(model);
  assert.equal(dark.values.get('y')?.shape, undefined);
  assert.deepEqual(
    dark.unanalysed.map(({ reason }) => reason),
    ['the operator acme.Mystery is not known', 'the shape of "h" is not known'],
  );
  model.graph.valueInfo = [valueInfo('h', [2, 9])];
  assert.deepEqual(inferShapes(model).values.get('y')?.shape, [2, 9]);
  for (const name of ['constructor', '__proto__', 'toString']) {
    const node = makeNode(name, 'node', ['x'], ['y']);
    assert.equal(inferShapes(modelWith({ inputs: { x: [1] }, nodes: [node], outputs: ['y'] })).unanalysed.length, 1);
  }
});

test('a cycle, a value that nothing makes and one made twice are refused by name', () => {
  const of =
    (nodes: Model['graph']['node'], outputs = ['y']) =>
    () =>
      inferShapes(modelWith({ inputs: { x: [1] }, nodes, outputs }));
  const cycle = [
    makeNode('Relu', 'a', ['q'], ['p']),
    makeNode('Relu', 'b', ['p'], ['q']),
    makeNode('Relu', 'c', ['q'], ['y']),
  ];
  assert.throws(of(cycle), /the graph has a cycle: node "a" \(Relu\) needs node "b" \(Relu\)/);
  assert.throws(of([makeNode('Relu', 'a', ['z'], ['y'])]), /node "a" \(Relu\) reads "z", which nothing makes/);
  const twice = [makeNode('Relu', 'a', ['x'], ['y']), makeNode('Relu', 'b', ['x'], ['y'])];
  assert.throws(of(twice), /"y" is made twice: by node "a" \(Relu\) and by node "b" \(Relu\)/);
  assert.throws(of([makeNode('Relu', 'a', ['x'], ['y'])], ['w']), /nothing makes the graph's output "w"/);
  assert.throws(of([makeNode('Relu', 'a', ['x'], ['x'])]), /"x" is made by .*, but is an input/);
});

const supernet = decode(new Uint8Array(readFileSync('examples/quickstart/supernet.onnx')));

test('every value of the quick start model is known, and its types', () => {
  const { values, unanalysed } = inferShapes(supernet, { otherDims: 1 });
  assert.deepEqual(unanalysed, []);
  for (const [name, { type, shape }] of values) {
    assert.ok(shape?.every((size) => typeof size === 'number') && type !== 0, name);
  }
  assert.equal(values.get(supernet.graph.output[0]?.name ?? '')?.type, DataType.FLOAT);
});

test('the order in which nodes stand in the file changes nothing', () => {
  const expected = inferShapes(supernet).values;
  fc.assert(
    fc.property(fc.shuffledSubarray(supernet.graph.node, { minLength: supernet.graph.node.length }), (node) => {
      const { values } = inferShapes({ ...supernet, graph: { ...supernet.graph, node } });
      for (const [name, { shape }] of expected) assert.deepEqual(values.get(name)?.shape, shape);
    }),
    { numRuns: 20 },
  );
});
