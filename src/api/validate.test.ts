import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { load } from 'js-yaml';
import type { KubernetesObject } from './common.ts';
import { problems, unknownFields, withDefaults } from './validate.ts';

const valid = {
  apiVersion: 'retune.dev/v1alpha1',
  kind: 'NASSearch',
  metadata: { name: 'quickstart' },
  spec: { model: { uri: 'file:///m.onnx' }, data: { heldout: { uri: 'file:///d.npz' } } },
};

for await (const file of glob('test/refused/*.yaml')) {
  test(`${file} is refused outside a cluster too`, async () => {
    const object = load(await readFile(file, 'utf8')) as KubernetesObject;
    assert.notDeepEqual(problems(object), []);
  });
}

test('each metric is taken with what it needs, and only with that', () => {
  const wrong = (quality: object) => problems({ ...valid, spec: { ...valid.spec, quality } } as typeof valid);
  for (const quality of [
    { metric: 'Perplexity', maxDrop: '2%', output: 'logits' },
    { metric: 'Spearman', floor: '85%' },
    { metric: 'Command', command: ['./judge', '--fast'], higherIsBetter: false, maxDrop: '1%' },
  ]) {
    assert.deepEqual(wrong(quality), []);
  }
  assert.match(
    wrong({ metric: 'MSE', floor: '90%' })[0] ?? '',
    /^spec\.quality: .*give spec\.quality\.maxDrop instead/,
  );
  assert.match(
    wrong({ metric: 'Command' }).join(' '),
    /command and metric Command go together.*needs .*higherIsBetter/,
  );
  assert.match(wrong({ metric: 'Top1', higherIsBetter: true })[0] ?? '', /every other metric knows its own way/);
  assert.match(wrong({ metric: 'Command', command: [], higherIsBetter: true })[0] ?? '', /^spec\.quality\.command: /);
});

test('a valid object has no problems and gets its defaults', () => {
  assert.deepEqual(problems(valid), []);
  const { spec } = withDefaults(valid) as unknown as { spec: { budget: object; latency: object } };
  assert.deepEqual(spec.budget, { maxVariants: 24, maxDuration: '1h', parallelism: 1 });
});

test('what may not change is refused as a change', () => {
  const other = { ...valid, spec: { ...valid.spec, model: { uri: 'file:///other.onnx' } } };
  assert.deepEqual(problems(other, valid), ['spec.model: spec.model cannot be changed: make a new NASSearch instead']);
});

test('a trainer may not change, come or go', () => {
  const trained = (command: string) =>
    withDefaults({ ...valid, spec: { ...valid.spec, trainer: { command: [command] } } as typeof valid.spec });
  assert.deepEqual(problems(trained('a'), trained('a')), []);
  assert.match(problems(trained('b'), trained('a')).join(), /spec\.trainer cannot be changed/);
  for (const [now, before] of [
    [valid, trained('a')],
    [trained('a'), valid],
  ] as const) {
    assert.match(problems(now, before).join(), /spec\.trainer cannot be added or taken away/);
  }
});

test('an unknown kind and an old version are named', () => {
  assert.match(problems({ ...valid, kind: 'Search' })[0] ?? '', /"Search" is not a kind of Retune/);
  assert.match(problems({ ...valid, apiVersion: 'retune.dev/v1' })[0] ?? '', /write retune.dev\/v1alpha1/);
});

test('a field that must be there and is not is named', () => {
  const { model, ...rest } = valid.spec as Record<string, unknown>;
  assert.ok(model);
  assert.deepEqual(problems({ ...valid, spec: rest }), ['spec.model: it is required and not there']);
  assert.match(problems({ ...valid, spec: { ...rest, model: 3 } })[0] ?? '', /^spec\.model: .*expected object/);
});

test('a field that no kind has is named, with those that there are; maps take any name', async () => {
  const quality = { metric: 'Top1', maxDorp: '1%' };
  const found = unknownFields({ ...valid, spec: { ...valid.spec, quality, bugdet: {} } } as typeof valid);
  assert.equal(found.length, 2);
  assert.match(found[0] ?? '', /^spec\.quality\.maxDorp: there is no such field; spec\.quality has .*maxDrop/);
  assert.match(found[1] ?? '', /^spec\.bugdet: there is no such field; spec has .*budget/);
  assert.deepEqual(unknownFields(valid), []);
  const candidate = { dimensions: { 'prune-heads': 80 }, precision: 'FP32', engine: { threads: 1 } };
  assert.deepEqual(unknownFields({ ...valid, kind: 'Variant', spec: { candidate } } as KubernetesObject), []);
  for await (const file of glob('{manifests/samples/search,examples/*/search}.yaml')) {
    assert.deepEqual(unknownFields(load(await readFile(file, 'utf8')) as KubernetesObject), [], file);
  }
});
