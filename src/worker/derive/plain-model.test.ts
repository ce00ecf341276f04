/** Models as exporters write them: no supernet, no names, weights in Constant nodes or in a file beside the model. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { create } from '@bufbuild/protobuf';
import type { Precision } from '../../api/candidate.ts';
import type { DeriveTask } from '../../api/task.ts';
import { foldBatchNorms } from '../../core/onnx/batch-norm.ts';
import { makeNode } from '../../core/onnx/graph.ts';
import { decode, encode, type Model } from '../../core/onnx/model.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as Location,
  StringStringEntryProtoSchema,
} from '../../core/onnx/proto/gen/onnx_pb.js';
import { engine } from '../../engines/onnxruntime/onnxruntime.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import { failureOf } from '../failure.ts';
import { derive } from './derive.ts';

const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
let folder: string;
const file = (name: string) => join(folder, name);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-plain-'));
});
after(() => rm(folder, { recursive: true }));

const folded = async () => foldBatchNorms(decode(new Uint8Array(await readFile('examples/quickstart/supernet.onnx'))));

async function run(model: Model, precision: Precision) {
  await writeFile(file('model.onnx'), encode(model));
  const task: DeriveTask = {
    ...{ kind: 'Derive', metric: 'Agreement', model: { uri: pathToFileURL(file('model.onnx')).href } },
    ...{ calibration: quickstart('calibration.npz'), heldout: quickstart('heldout.npz') },
    candidate: { dimensions: {}, precision, engine: { threads: 1, graphOptimization: 'All' } },
  };
  return derive({ engine, store: directoryStore(file('store')) }, task);
}

const variantOf = async (digest: string) => decode(await directoryStore(file('store')).get(digest));
const operators = ({ graph }: Model) => new Set(graph.node.map(({ opType }) => opType));

test('a model without names and with weights in Constant nodes is quantised layer by layer, and stays what it was', async () => {
  const model = await folded();
  const constants = model.graph.initializer.map((tensor) => {
    const value = create(AttributeProtoSchema, { name: 'value', type: AttributeType.TENSOR, t: tensor });
    const node = makeNode('Constant', '', [], [tensor.name ?? '']);
    node.attribute = [value];
    return node;
  });
  for (const node of model.graph.node) node.name = '';
  model.graph.node = [...constants, ...model.graph.node];
  model.graph.initializer = [];
  for (const [precision, operator] of [
    ['FP32', 'Conv'],
    ['INT8Static', 'QLinearConv'],
    ['INT8Dynamic', 'ConvInteger'],
  ] as const) {
    const { quality, artifact } = await run(model, precision);
    assert.ok(quality.value >= (precision === 'FP32' ? 1 : 0.98), `${precision}: ${quality.value}`);
    assert.ok(operators(await variantOf(artifact.digest)).has(operator));
  }
});

test('weights in a file beside the model are found, and a missing file is a sentence', async () => {
  const model = await folded();
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph.initializer) {
    const bytes = tensor.rawData ?? new Uint8Array();
    if (bytes.length < 1024) continue;
    const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
    tensor.externalData = [
      entry('location', 'weights.bin'),
      entry('offset', `${offset}`),
      entry('length', `${bytes.length}`),
    ];
    tensor.dataLocation = Location.EXTERNAL;
    tensor.rawData = new Uint8Array();
    parts.push(bytes);
    offset += bytes.length;
  }
  const failure = await run(model, 'FP32').then(() => assert.fail('it passed'), failureOf);
  assert.equal(failure.reason, 'ModelMissing');
  assert.match(failure.message, /weights\.bin can't be read: there is no such file/);
  await writeFile(file('weights.bin'), Buffer.concat(parts));
  const { quality, artifact } = await run(model, 'INT8Static');
  assert.ok(quality.value > 0.98);
  assert.ok(artifact.sizeBytes < offset, 'the variant carries its weights, in a quarter of the bytes');
});

test('an operator set that lacks what a precision needs is a sentence', async () => {
  const model = await folded();
  for (const entry of model.opsetImport) entry.version = 10n;
  const failure = await run(model, 'INT8Static').then(() => assert.fail('it passed'), failureOf);
  assert.equal(failure.reason, 'ModelInvalid');
  assert.match(failure.message, /INT8Static needs operator set 11 and the model has 10: convert it/);
});
