import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import type { KubernetesObject } from '../../src/api/common.ts';
import { kinds } from '../../src/api/kinds.ts';
import { problems, unknownFields } from '../../src/api/validate.ts';
import { readManifests } from '../../src/cli/manifests.ts';
import { allBlocks } from './blocks.ts';
import { isOf } from './proof.ts';
import { proofs } from './proofs.ts';
import { laid, sampleWith } from './sample.ts';

const blocks = allBlocks();

for (const proof of proofs.filter((one) => 'manifest' in one)) {
  test(`${proof.page}: the manifest is valid in its place in manifests/samples/${proof.manifest}.yaml`, async () => {
    const block = blocks.find((one) => isOf(proof, one));
    assert.ok(block);
    const ours = (await sampleWith(block, proof)).filter(({ kind }) => kind in kinds);
    assert.deepEqual(
      ours.flatMap((object) => [...problems(object), ...unknownFields(object)]),
      [],
    );
    assert.ok(
      ours.length > 0 || proof.manifest === 'serving',
      'the API server of test/cluster/docs.test.ts looks at that',
    );
  });
}

test('a fragment with a field that is not there, or a value that is wrong, is seen', async () => {
  const wrong = async (text: string) => {
    const [search] = await sampleWith({ page: '', line: 1, language: 'yaml', text }, proofOf);
    return [...problems(search as KubernetesObject), ...unknownFields(search as KubernetesObject)].join();
  };
  const proofOf = { page: '', starts: '', manifest: 'search' } as const;
  assert.match(
    await wrong('spec: { trainer: { imag: x, command: [a] } }'),
    /spec\.trainer\.imag: there is no such field/,
  );
  assert.match(await wrong('spec: { budget: { maxVariants: many } }'), /spec\.budget\.maxVariants/);
});

test('names decide what of a list is replaced', () => {
  const [a, b] = [{ name: 'a', x: 1, y: 1 }, { name: 'b' }];
  assert.deepEqual(laid([a, b], [{ name: 'a', x: 2 }, { name: 'c' }]), [{ ...a, x: 2 }, b, { name: 'c' }]);
  assert.deepEqual(laid({ list: [1, 2] }, { list: [3] }), { list: [3] });
});

test('every example and every sample is valid', async () => {
  const files = globSync(['examples/*/search.yaml', 'manifests/samples/*.yaml']);
  assert.ok(files.length >= 8);
  for (const file of files) {
    for (const object of (await readManifests(file)) as KubernetesObject[]) {
      if (object.kind in kinds) assert.deepEqual([...problems(object), ...unknownFields(object)], [], file);
    }
  }
});
