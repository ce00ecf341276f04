import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { makeNode, setAttribute, setInitializer } from '../graph.ts';
import { copy, decode, encode, type Model } from '../model.ts';
import { tensor } from '../tensors.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from './gen/onnx_pb.js';

const bytes = new Uint8Array(readFileSync('examples/quickstart/supernet.onnx'));

/** Bytes of a field that no version of ONNX has. */
const unknown = [{ no: 4000, wireType: 2, data: Uint8Array.of(3, 1, 2, 3) }] as const;

const tensors = fc
  .record({
    length: fc.integer({ min: 0, max: 3000 }),
    typed: fc.boolean(),
    doc: fc.option(fc.string()),
    strange: fc.boolean(),
  })
  .map(({ length, typed, doc, strange }, index = 0) => {
    const data = Float32Array.from({ length }, (_, i) => i);
    const made = typed
      ? create(TensorProtoSchema, { name: `t${index}`, dataType: 1, dims: [BigInt(length)], floatData: [...data] })
      : tensor(`t${index}`, data, [length]);
    if (doc !== null) made.docString = doc;
    if (strange) made.$unknown = [...unknown];
    return made;
  });

const models = fc
  .record({
    initializer: fc.array(tensors, { maxLength: 5 }),
    docs: fc.option(fc.string()),
    strange: fc.boolean(),
  })
  .map(({ initializer, docs, strange }) => {
    const graph = create(GraphProtoSchema, {
      ...{ name: 'g', initializer, node: [makeNode('Relu', 'n', ['x'], ['y'], { axes: [1n] })] },
      output: [create(ValueInfoProtoSchema, { name: 'y' })],
    });
    const opsetImport = [create(OperatorSetIdProtoSchema, { version: 17n })];
    const model = create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph }) as Model;
    if (docs !== null) graph.docString = docs;
    if (strange) graph.$unknown = model.$unknown = [...unknown];
    return model;
  });

test('a model is written as the library writes it, byte by byte', () => {
  assert.deepEqual(encode(decode(bytes)), bytes);
  fc.assert(
    fc.property(models, (model) => {
      const expected = toBinary(ModelProtoSchema, model);
      assert.deepEqual(encode(model), expected);
      assert.deepEqual(encode(copy(decode(expected))), expected);
    }),
  );
});

test('whatever is done to a copy, the original stays, and shares its weights', () => {
  const model = decode(bytes);
  const changed = copy(model);
  const [first] = changed.graph.initializer;
  assert.equal(first?.rawData.buffer, bytes.buffer);
  for (const node of changed.graph.node) {
    node.name = `${node.name}.changed`;
    node.input[0] = 'elsewhere';
    node.output.push('more');
    setAttribute(node, 'axis', 1);
    for (const attribute of node.attribute) attribute.ints.push(1n);
  }
  for (const each of changed.graph.initializer) {
    each.dims[0] = 77n;
    each.rawData = new Uint8Array(4);
  }
  setInitializer(changed.graph, tensor('new', Float32Array.of(1)));
  for (const { type } of [...changed.graph.input, ...changed.graph.output]) {
    if (type?.value.case === 'tensorType') type.value.value.shape?.dim.pop();
  }
  changed.graph.node.pop();
  changed.metadataProps = [];
  for (const entry of changed.opsetImport) entry.version = 3n;
  assert.deepEqual(encode(model), bytes);
});
