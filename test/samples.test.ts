import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { load } from 'js-yaml';
import type { KubernetesObject } from '../src/api/common.ts';
import { problems } from '../src/api/validate.ts';

for (const name of ['search', 'sla']) {
  test(`manifests/samples/${name}.yaml is valid`, async () => {
    const object = load(await readFile(`manifests/samples/${name}.yaml`, 'utf8')) as KubernetesObject;
    assert.deepEqual(problems(object), []);
  });
}
