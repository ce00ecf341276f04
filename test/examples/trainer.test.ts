/** The example trainers end to end, with so few steps that only their direction shows; README.md has the figures. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { load } from 'js-yaml';
import type { KubernetesObject } from '../../src/api/common.ts';
import type { DeriveResult, DeriveTask } from '../../src/api/task.ts';
import { problems } from '../../src/api/validate.ts';
import { decode, type Model, readMetadata } from '../../src/core/onnx/model.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { derive } from '../../src/worker/derive/derive.ts';
import { python } from '../python.ts';

const example = resolve('examples/trainer');
const ref = (name: string) => ({ uri: pathToFileURL(resolve(`examples/quickstart/${name}`)).href });
const here = (name: string) => ({ uri: pathToFileURL(join(folder, name)).href });
let folder: string;
let binary: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-example-'));
  const requirements = await readFile(join(example, 'requirements.txt'), 'utf8');
  binary = await python(requirements.split('\n').filter(Boolean));
  await writeManifest();
});
after(() => rm(folder, { recursive: true }));

/** Cut below what the supernet was trained for: the narrowest networks it offers are twice as wide. */
const pruned = { 'stage1.depth': 1, 'stage1.width': 4, 'stage2.depth': 1, 'stage2.width': 8 };

async function writeManifest(): Promise<void> {
  const manifest = JSON.parse(await readFile('examples/quickstart/supernet.json', 'utf8')) as {
    dimensions: { name: string; choices: number[] }[];
  };
  for (const { name, choices } of manifest.dimensions) choices.unshift(pruned[name as keyof typeof pruned] ?? 1);
  await writeFile(join(folder, 'supernet.json'), JSON.stringify(manifest));
}

const store = () => directoryStore(join(folder, 'store'));
const task = (precision: 'FP32' | 'INT8Static', command?: string[]): DeriveTask => ({
  ...{ kind: 'Derive', metric: 'Top1', model: ref('supernet.onnx'), supernet: here('supernet.json') },
  ...{ heldout: ref('heldout.npz'), calibration: ref('calibration.npz') },
  candidate: { dimensions: pruned, precision, engine: { threads: 1, graphOptimization: 'All' } },
  trainer: command && { command: [binary, ...command], deadline: '8m', seed: 7 },
});
const derived = (...which: Parameters<typeof task>) => derive({ engine, store: store() }, task(...which));
const modelOf = async ({ artifact }: DeriveResult): Promise<Model> => decode(await store().get(artifact.digest));
const weights = ({ graph }: Model) => new Map(graph.initializer.map(({ name, rawData }) => [name, rawData]));

test('without a step, both trainers return what they were given, to the bit', { timeout: 600_000 }, async () => {
  for (const [script, precision] of [
    ['finetune.py', 'FP32'],
    ['qat.py', 'INT8Static'],
  ] as const) {
    const before = weights(await modelOf(await derived(precision)));
    const after = weights(await modelOf(await derived(precision, [join(example, script), '--steps=0', '--copies=0'])));
    assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
    for (const [name, bytes] of before) assert.deepEqual(after.get(name), bytes, `${script} ${name}`);
  }
});

for (const [script, precision, operator] of [
  ['finetune.py', 'FP32', 'Conv'],
  ['qat.py', 'INT8Static', 'QuantizeLinear'],
] as const) {
  test(`${script} mends a subnet in ${precision} that was cut too far`, {
    timeout: 600_000,
  }, async () => {
    const command = [join(example, script), '--steps=200', '--copies=1'];
    const before = await derived(precision);
    const after = await derived(precision, command);
    const model = await modelOf(after);
    assert.equal(readMetadata(model)['retune.trained'], 'true');
    assert.ok(model.graph.node.some(({ opType }) => opType === operator));
    console.log(`${script}: ${before.quality.value} before, ${after.quality.value} after`);
    assert.ok(
      before.quality.value < 0.3 && after.quality.value > 0.5,
      `${before.quality.value}, then ${after.quality.value}`,
    );
  });
}

test('search.yaml is valid', async () => {
  const text = await readFile(join(example, 'search.yaml'), 'utf8');
  const absolute = text
    .replaceAll('file:./', `${pathToFileURL(example).href}/`)
    .replaceAll('file:../', `${pathToFileURL(resolve('examples')).href}/`);
  assert.deepEqual(problems(load(absolute) as KubernetesObject), []);
});
