import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Analysis } from '../../api/analysis.ts';
import type { Candidate } from '../../api/candidate.ts';
import type { DeriveResult, DeriveTask } from '../../api/task.ts';
import { engine } from '../../engines/onnxruntime/onnxruntime.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import type { ArtifactStore } from '../../stores/store.ts';
import { messageOf } from '../run.ts';
import { derive } from './derive.ts';

const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
/** The supernet without its manifest: a plain model, as anybody's. */
const task = {
  ...({ kind: 'Derive', metric: 'Top1' } as const),
  ...{ model: quickstart('supernet.onnx') },
  ...{ calibration: quickstart('calibration.npz'), heldout: quickstart('heldout.npz') },
};
const options = { threads: 1, graphOptimization: 'All' } as const;
const base: Candidate = { dimensions: {}, precision: 'FP32', engine: options };

let folder: string;
let store: ArtifactStore;
let first: DeriveResult;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-choices-'));
  store = directoryStore(join(folder, 'store'));
  const analyse: DeriveTask['analyse'] = {
    ...{ rewrites: ['prune-channels', 'precision'], precisions: ['FP32', 'INT8Static'], batchSize: 8, maxSeconds: 60 },
  };
  first = await derive({ engine, store }, { ...task, candidate: base, analyse });
});
after(() => rm(folder, { recursive: true }));

const candidate = (dimensions: Record<string, number>, precision: Candidate['precision'] = 'FP32') =>
  derive(
    { engine, store },
    { ...task, analysis: first.analysis, candidate: { dimensions, precision, engine: options } },
  );

test('the base is analysed: what may be chosen comes with what it should do, and fits a termination message', async () => {
  assert.deepEqual(first.dimensions.map(({ name }) => name).sort(), ['precision', 'prune-channels']);
  for (const { choices, expected = [] } of first.dimensions) {
    assert.equal(choices.at(-1), 100);
    assert.deepEqual(expected.at(-1), { latency: 1, loss: 0 });
    assert.ok(expected.length === choices.length && expected.slice(0, -1).every(({ loss }) => loss > 0));
  }
  assert.deepEqual(
    first.precisions?.map(({ precision }) => precision),
    ['INT8Static'],
  );
  assert.equal(JSON.parse(messageOf(first)).kind, 'Derive');
  const analysis = Analysis.parse(JSON.parse(new TextDecoder().decode(await store.get(first.analysis ?? ''))));
  assert.ok(analysis.rewrites.every(({ sites }) => sites.length > 1));
});

test('a level makes a smaller model of about the same quality, and the least level a smaller one yet', async () => {
  const choices = first.dimensions.find(({ name }) => name === 'prune-channels')?.choices ?? [];
  const [least = 0, mild = 0] = [choices[0], choices.at(-2)];
  const [small, pruned, whole] = [
    await candidate({ 'prune-channels': least }),
    await candidate({ 'prune-channels': mild }),
    await candidate({ 'prune-channels': 100 }),
  ];
  assert.ok(small.artifact.sizeBytes < pruned.artifact.sizeBytes);
  assert.ok(pruned.artifact.sizeBytes < whole.artifact.sizeBytes);
  assert.ok(pruned.quality.value > first.quality.value - 0.02, `${pruned.quality.value}`);
  assert.equal(whole.quality.value, first.quality.value);
});

test('layers have precisions of their own, after pruning as well', async () => {
  const [mixed] = first.dimensions.find(({ name }) => name === 'precision')?.choices ?? [];
  const made = await candidate({ 'prune-channels': 80, precision: mixed ?? 0 }, 'Mixed');
  assert.ok(made.artifact.sizeBytes < first.artifact.sizeBytes / 2);
  assert.ok(made.quality.value > first.quality.value - 0.05, `${made.quality.value}`);
});
