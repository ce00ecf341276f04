import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { patched } from '../../../test/contract/patched.ts';
import { type Deployment, deployments, type PodTemplate } from '../../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import type { ModelBinding } from '../target.ts';
import { bindingOf, boundModel, servingContainer } from './choose.ts';

const old = 'oci://store.example/models@sha256:0';
const template: PodTemplate = {
  metadata: { labels: { app: 'web' }, annotations: { 'example.com/model': old, 'example.com/other': 'kept' } },
  spec: {
    containers: [
      {
        name: 'sidecar',
        image: 'sidecar',
        args: ['--model=not-this'],
        env: [{ name: 'RETUNE_MODEL', value: 'nor-this' }],
      },
      {
        name: 'server',
        image: 'server',
        args: ['--port=8080', `--model=${old}`, '--threads=2'],
        env: [
          { name: 'OTHER', value: 'kept' },
          { name: 'RETUNE_MODEL', value: old },
        ],
      },
    ],
    volumes: [
      { name: 'models', image: { reference: old.slice('oci://'.length), pullPolicy: 'Always' } },
      { name: 'cache', emptyDir: {} },
    ],
  },
};

const env = 'RETUNE_MODEL';
const references: Record<string, ModelBinding> = {
  'the variable by default': { env },
  'a variable': { env, binding: { env: 'RETUNE_MODEL' } },
  'an argument': { env, binding: { argument: '--model=' } },
  'an annotation': { env, binding: { annotation: 'example.com/model' } },
  'a volume image': { env, binding: { volumeImage: 'models' } },
};

const unordered = (value: PodTemplate) => ({
  ...value,
  spec: {
    ...value.spec,
    containers: value.spec.containers.map((container) => ({
      ...container,
      env: container.env?.toSorted((a, b) => a.name.localeCompare(b.name)),
    })),
  },
});

const uris = fc.stringMatching(/^[a-z0-9./@:-]{1,40}$/).map((rest) => `oci://${rest}`);

for (const [name, part] of Object.entries(references)) {
  const reference = { ...part, container: 'server' };
  const binding = bindingOf(reference);

  test(`${name}: what is written is read, the last write counts, and to write what is there changes nothing`, () => {
    assert.equal(boundModel('Deployment web', template, reference), old);
    assert.deepEqual(unordered(binding.write(template, 'server', old)), unordered(template));
    fc.assert(
      fc.property(uris, uris, (first, second) => {
        const written = binding.write(template, 'server', first);
        assert.equal(binding.read(written, 'server'), first);
        assert.deepEqual(
          unordered(binding.write(written, 'server', second)),
          unordered(binding.write(template, 'server', second)),
        );
        // Back to what it was: nothing else was touched on the way.
        assert.deepEqual(unordered(binding.write(written, 'server', old)), unordered(template));
      }),
    );
  });

  test(`${name}: the operations for pipelines come to the same`, () => {
    const uri = 'oci://store.example/models@sha256:1';
    const operations = binding.operations(template, 'server', uri);
    assert.equal(operations[0]?.op, 'test');
    assert.deepEqual(
      unordered(patched(template, { type: 'json', body: operations })),
      unordered(binding.write(template, 'server', uri)),
    );
  });

  if (binding.fragment) {
    test(`${name}: applied by the server, the fragment comes to the same and takes nothing else`, async () => {
      const cluster = new EmbeddedApi();
      const identity = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' } };
      const web = { ...identity, spec: { selector: { matchLabels: { app: 'web' } }, template } } satisfies Deployment;
      const made = await cluster.create(deployments, web);
      const uri = 'oci://store.example/models@sha256:1';
      const fragment = binding.fragment?.('server', uri);
      const options = { fieldManager: 'retune-model', force: true };
      const applied = await cluster.apply(deployments, { ...identity, spec: { template: fragment } }, options);
      assert.deepEqual(unordered(applied.spec.template), unordered(binding.write(made.spec.template, 'server', uri)));
    });
  }
}

test('an argument is no fragment, and two that start alike are refused', () => {
  const reference = { env, container: 'server', binding: { argument: '--' } };
  assert.equal(bindingOf(reference).fragment, undefined);
  assert.throws(() => boundModel('Deployment web', template, reference), {
    name: 'TargetError',
    reason: 'ModelAmbiguous',
    message: /container server has 3 arguments that start with "--": .* longer prefix/,
  });
});

test('an image volume takes models of an OCI store only', () => {
  const binding = bindingOf({ env, binding: { volumeImage: 'models' } });
  assert.throws(() => binding.write(template, 'server', 'file:///models/a'), { reason: 'ModelNotOci' });
  assert.equal(bindingOf({ env, binding: { volumeImage: 'cache' } }).read(template, 'server'), undefined);
});

test('what is missing is named, with where else to look', () => {
  assert.equal(servingContainer('Deployment web', template, { env }), 'sidecar');
  const absent = { env, container: 'server', binding: { annotation: 'example.com/none' } };
  assert.throws(() => boundModel('Deployment web', template, absent), {
    message:
      /Deployment web has no value in the annotation example.com\/none of the pod template: .*spec\.workloadRef\.binding\.annotation/,
  });
  assert.throws(() => boundModel('Deployment web', template, { env, container: 'other' }), {
    message: 'Deployment web has no container "other": set spec.workloadRef.container to one of sidecar, server',
  });
});
