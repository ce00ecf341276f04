import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { DeriveTask } from '../../api/task.ts';
import { decode, readMetadata } from '../../core/onnx/model.ts';
import { engine } from '../../engines/onnxruntime/onnxruntime.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import { failureOf } from '../failure.ts';
import { readNpz, writeNpz } from '../npz.ts';
import { derive } from './derive.ts';

const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
let folder: string;
const file = (name: string) => join(folder, name);
const here = (name: string) => ({ uri: pathToFileURL(file(name)).href });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-derive-'));
});
after(() => rm(folder, { recursive: true }));

const small = { 'stage1.depth': 1, 'stage1.width': 8, 'stage2.depth': 1, 'stage2.width': 16 };
const task = (change: Partial<DeriveTask> = {}): DeriveTask => ({
  kind: 'Derive',
  model: quickstart('supernet.onnx'),
  supernet: quickstart('supernet.json'),
  calibration: quickstart('calibration.npz'),
  heldout: quickstart('heldout.npz'),
  metric: 'Top1',
  candidate: { dimensions: small, precision: 'FP32', engine: { threads: 1, graphOptimization: 'All' } },
  ...change,
});
const run = (change: Partial<DeriveTask> = {}) =>
  derive({ engine, store: directoryStore(file('store')) }, task(change));

interface Reference {
  subnets: { name: string; choices: Record<string, number>; top1: number; logits: number[][] }[];
}

test('subnets are what an independent implementation made of them', async () => {
  const reference = JSON.parse(await readFile('examples/quickstart/reference.json', 'utf8')) as Reference;
  for (const { choices, top1, logits } of reference.subnets) {
    const { quality, outputs } = await run({ candidate: { ...task().candidate, dimensions: choices } });
    assert.ok(Math.abs(quality.value - top1) < 0.0011, `${quality.value} against ${top1}`);
    const recorded = readNpz(await directoryStore(file('store')).get(outputs)).outputs?.data as Float32Array;
    for (const [index, value] of logits.flat().entries()) assert.ok(Math.abs((recorded[index] ?? 0) - value) < 1e-3);
  }
});

test('INT8 keeps the quality of a subnet and its options travel in the file', async () => {
  const store = directoryStore(file('store'));
  const { quality: base } = await run();
  for (const precision of ['INT8Static', 'INT8Dynamic'] as const) {
    const candidate = { ...task().candidate, precision };
    const { quality, artifact, dimensions } = await run({ candidate });
    assert.ok(quality.value > base.value - 0.02, `${precision} ${quality.value} against ${base.value}`);
    assert.equal(readMetadata(decode(await store.get(artifact.digest)))['retune.precision'], precision);
    assert.equal(dimensions.length, 10);
  }
});

test('the same task gives the same artifact', async () => {
  assert.deepEqual(await run(), await run());
});

test('without labels, agreement with the base model is what is measured', async () => {
  const { image } = readNpz(await readFile('examples/quickstart/heldout.npz'));
  assert.ok(image);
  await writeFile(file('unlabelled.npz'), writeNpz({ image }));
  const { quality } = await run({ heldout: here('unlabelled.npz'), metric: 'Agreement' });
  assert.equal(quality.metric, 'Agreement');
  assert.ok(quality.value > 0.8 && quality.value < 1);
});

describe('bad input is a sentence', () => {
  const fails = async (change: Partial<DeriveTask>, reason: string, sentence: RegExp) => {
    const failure = await run(change).then(() => assert.fail('it passed'), failureOf);
    assert.deepEqual([failure.reason, failure.retryable], [reason, false]);
    assert.match(failure.message, sentence);
  };

  test('a model that is missing, not ONNX, truncated, or another one than was named', async () => {
    await fails({ model: here('absent.onnx') }, 'ModelMissing', /absent\.onnx can't be read: there is no such file/);
    await writeFile(file('page.onnx'), '<html>404</html>');
    await fails({ model: here('page.onnx') }, 'ModelInvalid', /not ONNX/);
    await writeFile(file('half.onnx'), (await readFile('examples/quickstart/supernet.onnx')).subarray(0, 500_000));
    await fails({ model: here('half.onnx') }, 'ModelInvalid', /truncated or not ONNX/);
    const digest = `sha256:${'0'.repeat(64)}`;
    await fails(
      { model: { ...quickstart('supernet.onnx'), digest } },
      'DigestMismatch',
      /hashes to sha256:.*, not to sha256:0000/,
    );
  });

  test('a data set of another shape, type, name or format', async () => {
    const data = (bytes: Uint8Array) => writeFile(file('data.npz'), bytes);
    await data(writeNpz({ image: { type: 'UINT8', shape: [2, 1, 8, 8], data: new Uint8Array(128) } }));
    await fails(
      { heldout: here('data.npz') },
      'DataInvalid',
      /"image" has shape \[2, 1, 8, 8\], the model takes \[N, 1, 28, 28\]/,
    );
    await data(writeNpz({ image: { type: 'FP32', shape: [1, 1, 28, 28], data: new Float32Array(784) } }));
    await fails({ heldout: here('data.npz') }, 'DataInvalid', /"image" is FP32, the model takes UINT8/);
    await data(writeNpz({ x: { type: 'FP32', shape: [1], data: new Float32Array(1) } }));
    await fails({ heldout: here('data.npz') }, 'DataInvalid', /input "image" is not in the data set, which has x/);
    await data(new TextEncoder().encode('1,2,3'));
    await fails({ heldout: here('data.npz') }, 'DataInvalid', /not an \.npz file/);
  });

  test('an operator that the engine does not have', async () => {
    const model = decode(new Uint8Array(await readFile('examples/quickstart/supernet.onnx')));
    const relu = model.graph.node.find(({ opType }) => opType === 'Relu');
    assert.ok(relu);
    relu.opType = 'Teleport';
    const { encode } = await import('../../core/onnx/model.ts');
    await writeFile(file('teleport.onnx'), encode(model));
    await fails({ model: here('teleport.onnx') }, 'UnsupportedOperator', /Teleport/);
  });
});
