import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { modelWith } from '../core/onnx/fixtures.ts';
import { makeNode } from '../core/onnx/graph.ts';
import { encode, type Model, ModelError } from '../core/onnx/model.ts';
import {
  TensorProto_DataLocation as Location,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from '../core/onnx/proto/gen/onnx_pb.js';
import { tensor } from '../core/onnx/tensors.ts';
import { inspection, inspectionLines, parseDims } from './inspect.ts';

const folder = mkdtempSync(join(tmpdir(), 'retune-inspect-'));
after(() => rmSync(folder, { recursive: true }));

const written = (name: string, content: Uint8Array | string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const saved = (name: string, model: Model) => written(name, encode(model));
const quickStart = 'examples/quickstart/supernet.onnx';

const external = () => {
  const w = create(TensorProtoSchema, {
    ...{ name: 'w', dims: [2n, 2n], dataType: 1, dataLocation: Location.EXTERNAL },
    externalData: [create(StringStringEntryProtoSchema, { key: 'location', value: 'w.bin' })],
  });
  const nodes = [makeNode('MatMul', 'm', ['x', 'w'], ['y'])];
  return modelWith({ inputs: { x: ['N', 2] }, initializers: [w], nodes, outputs: ['y'] });
};

test('the quick start model is described in full', () => {
  const found = inspection(quickStart, {});
  assert.deepEqual(found.notAnalysable, []);
  assert.equal(found.outputs[0]?.shape?.at(-1), 10);
  const [top] = found.operators;
  assert.equal(top?.operator, 'Conv');
  assert.equal(
    found.operators.reduce((sum, { macs }) => sum + macs, 0),
    found.macs,
  );
  assert.match(inspectionLines(found).join('\n'), /parameters .*\nMACs .*\nbytes moved .*\npeak activations /);
});

test('external data is read from beside the model', () => {
  written('w.bin', new Uint8Array(16));
  const found = inspection(saved('external.onnx', external()), { N: 3 });
  assert.deepEqual([found.macs, found.weightBytes, found.assumed], [12, 16, []]);
  rmSync(join(folder, 'w.bin'));
});

test('what cannot be analysed is listed with its reason, and the rest still counts', () => {
  const mystery = makeNode('Mystery', 'm', ['x'], ['h']);
  mystery.domain = 'acme';
  const nodes = [mystery, makeNode('Gemm', 'g', ['x', 'w'], ['y']), makeNode('Relu', 'r', ['h'], ['z'])];
  const initializers = [tensor('w', new Float32Array(6), [2, 3])];
  const file = saved('mystery.onnx', modelWith({ inputs: { x: [4, 2] }, initializers, nodes, outputs: ['y', 'z'] }));
  const found = inspection(file, {});
  assert.equal(found.macs, 24);
  assert.deepEqual(
    found.notAnalysable.map(({ node, reason }) => `${node}: ${reason}`),
    ['m: the operator acme.Mystery is not known', 'r: the shape of "h" is not known'],
  );
  assert.match(inspectionLines(found).join('\n'), /not analysable: 2 nodes/);
});

const relu = (input: string, output: string) => makeNode('Relu', output, [input], [output]);
const graph = (nodes: ReturnType<typeof relu>[]) => modelWith({ inputs: { x: [1] }, nodes, outputs: ['y'] });
const bytes = new Uint8Array(readFileSync(quickStart));
const bad: [string, () => string, RegExp][] = [
  ['a missing file', () => join(folder, 'none.onnx'), /^there is no file .*none\.onnx$/],
  ['a folder', () => folder, /is no file$/],
  ['an empty file', () => written('empty.onnx', ''), /^the model file is empty$/],
  ['a file that is not ONNX', () => written('page.onnx', '<html></html>'), /not ONNX/],
  ['a truncated file', () => written('cut.onnx', bytes.subarray(0, 100_000)), /truncated or not ONNX/],
  [
    'a cyclic graph',
    () => saved('cycle.onnx', graph([relu('y', 'a'), relu('a', 'y')])),
    /the graph has a cycle: node "a"/,
  ],
  [
    'a dangling input',
    () => saved('dangling.onnx', graph([relu('z', 'y')])),
    /node "y" \(Relu\) reads "z", which nothing makes/,
  ],
  [
    'missing external data',
    () => saved('external.onnx', external()),
    /"w" lies in the file "w\.bin", which is missing/,
  ],
];

for (const [name, file, sentence] of bad) {
  test(`${name} is one clear sentence`, () => {
    assert.throws(
      () => inspection(file(), {}),
      (error: unknown) => error instanceof ModelError && sentence.test(error.message) && !error.message.includes('\n'),
    );
  });
}

test('sizes are given by name, and one that the model lacks is refused with those it has', () => {
  assert.deepEqual(parseDims(['batch=8', 'a=b=2']), { batch: 8, 'a=b': 2 });
  for (const entry of ['batch', '=3', 'batch=1.5', 'batch=x']) {
    assert.throws(() => parseDims([entry]), /--dim takes name=size/);
  }
  written('w.bin', new Uint8Array(16));
  assert.throws(() => inspection(saved('external.onnx', external()), { M: 3 }), /no open size "M": it leaves open N/);
});
