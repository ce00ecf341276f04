/** What a model is, its weights beside it included, and what becomes of a task whose model is another one by now. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { type DeriveTask, TaskResult, workerEnv } from '../api/task.ts';
import { modules } from '../cli/worker.ts';
import { decode, encode, withMetadata } from '../core/onnx/model.ts';
import { TensorProto_DataLocation as Location, StringStringEntryProtoSchema } from '../core/onnx/proto/gen/onnx_pb.js';
import { runWorker } from './run.ts';

const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
let folder: string;
const file = (name: string) => join(folder, name);
const here = (name: string) => ({ uri: pathToFileURL(file(name)).href });
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-digest-'));
});
after(() => rm(folder, { recursive: true }));

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function answer(task: object): Promise<TaskResult> {
  const log = file('message');
  await runWorker(modules, {
    [workerEnv.task]: JSON.stringify(task),
    [workerEnv.store]: here('store').uri,
    [workerEnv.terminationLog]: log,
  });
  return TaskResult.parse(JSON.parse(await readFile(log, 'utf8')));
}
const look = (name: string, digest?: string) => answer({ kind: 'Digest', model: { ...here(name), digest } });

async function digest(name: string): Promise<string> {
  const result = await look(name);
  assert.equal(result.kind, 'Digest', JSON.stringify(result));
  return result.kind === 'Digest' ? result.modelDigest : '';
}
async function failure(...given: Parameters<typeof look>): Promise<[reason: string, message: string]> {
  const result = await look(...given);
  assert.equal(result.kind, 'Failure', JSON.stringify(result));
  return result.kind === 'Failure' ? [result.reason, result.message] : ['', ''];
}

/** The quick-start model with its weights in a file beside it. */
async function writeExternal(name: string, weights: string): Promise<void> {
  const model = decode(new Uint8Array(await readFile('examples/quickstart/supernet.onnx')));
  let offset = 0;
  const parts: Uint8Array[] = [];
  for (const tensor of model.graph.initializer.filter(({ rawData }) => (rawData?.length ?? 0) > 0)) {
    const bytes = tensor.rawData ?? new Uint8Array();
    const entries = { location: weights, offset: String(offset), length: String(bytes.length) };
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    tensor.dataLocation = Location.EXTERNAL;
    tensor.rawData = new Uint8Array();
    offset += bytes.length;
    parts.push(bytes);
  }
  await writeFile(file(name), encode(model));
  await writeFile(file(weights), Buffer.concat(parts));
}

test('a model in one file is what sha256sum says of it', async () => {
  await copyFile('examples/quickstart/supernet.onnx', file('plain.onnx'));
  assert.equal(await digest('plain.onnx'), digestOf(await readFile(file('plain.onnx'))));
});

test('weights beside a model are part of what it is', async () => {
  await writeExternal('external.onnx', 'weights.bin');
  const first = await digest('external.onnx');
  assert.equal(await digest('external.onnx'), first);
  const weights = await readFile(file('weights.bin'));
  weights[100] = (weights[100] ?? 0) ^ 1;
  await writeFile(file('weights.bin'), weights);
  assert.notEqual(await digest('external.onnx'), first);
  await writeFile(file('weights.bin'), weights.subarray(0, weights.length / 2));
  assert.match((await failure('external.onnx')).join(': '), /^ModelInvalid: .*weights\.bin/);
});

test('a model that is missing, half written or not the one that is named is a sentence', async () => {
  assert.equal((await failure('none.onnx'))[0], 'ModelMissing');
  const whole = await readFile('examples/quickstart/supernet.onnx');
  await writeFile(file('half.onnx'), whole.subarray(0, whole.length / 2));
  assert.equal((await failure('half.onnx'))[0], 'ModelInvalid');
  assert.equal((await failure('plain.onnx', `sha256:${'0'.repeat(64)}`))[0], 'DigestMismatch');
});

test('a base variant says what it was made of, and nothing is made of another model', async () => {
  const model = decode(new Uint8Array(await readFile('examples/quickstart/supernet.onnx')));
  await writeFile(file('model.onnx'), encode(model));
  const task: DeriveTask = {
    ...{ kind: 'Derive', metric: 'Top1', model: here('model.onnx'), supernet: quickstart('supernet.json') },
    ...{ calibration: quickstart('calibration.npz'), heldout: quickstart('heldout.npz') },
    candidate: { dimensions: {}, precision: 'FP32', engine: { threads: 1, graphOptimization: 'All' } },
  };
  const base = await answer(task);
  assert.ok(base.kind === 'Derive' && base.modelDigest);
  const { modelDigest } = base;
  assert.equal(modelDigest, await digest('model.onnx'));
  const pinned = await answer({ ...task, modelDigest });
  assert.equal(pinned.kind, 'Derive', JSON.stringify(pinned));
  await writeFile(file('model.onnx'), encode(withMetadata(model, { version: '2' })));
  const changed = await answer({ ...task, modelDigest });
  assert.ok(changed.kind === 'Failure');
  assert.deepEqual([changed.reason, changed.retryable], ['ModelChanged', false]);
  assert.match(
    changed.message,
    /^file:.*model\.onnx was overwritten while it was searched: it is sha256:.*, and sha256:/,
  );
});
