import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { modelWith } from './fixtures.ts';
import { makeNode } from './graph.ts';
import { copy, encode } from './model.ts';
import { TensorProtoSchema } from './proto/gen/onnx_pb.js';
import { hasRawData } from './tensor-data/elements.ts';
import { DataType, tensor } from './tensors.ts';

/** A weight whose elements stand in `float_data`: its raw bytes are absent, not empty. */
const typed = () => create(TensorProtoSchema, { name: 'typed', dataType: DataType.FLOAT, dims: [1n], floatData: [5] });

const sample = () =>
  modelWith({
    inputs: { x: ['N', 2] },
    initializers: [tensor('w', Float32Array.of(1, 2), [2]), typed()],
    nodes: [makeNode('Add', 'add', ['x', 'w'], ['y'])],
    outputs: ['y'],
  });

test('a copy is the same model, shares the bytes of its weights and leaves the original as it is', () => {
  const original = sample();
  const before = encode(original);
  const copied = copy(original);
  assert.deepEqual(encode(copied), before);
  assert.deepEqual(encode(original), before);
  assert.equal(copied.graph.initializer[0]?.rawData, original.graph.initializer[0]?.rawData);
  copied.graph.node[0] = makeNode('Sub', 'sub', ['x', 'w'], ['y']);
  copied.graph.initializer[0] = tensor('w', Float32Array.of(3, 4), [2]);
  assert.deepEqual(encode(original), before);
});

test('a weight without raw bytes stays without them', () => {
  const [, weight] = copy(sample()).graph.initializer;
  assert.ok(weight && !hasRawData(weight));
  assert.deepEqual(weight.floatData, [5]);
});
