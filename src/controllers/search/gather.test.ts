import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nasSearches, variants } from '../../api/resources.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import { baseCandidate } from '../../core/search/space.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { variantOf } from './children.ts';
import { aSearch } from './fixtures.ts';
import { gather } from './gather.ts';

const key = { namespace: 'default', name: 'quick' };

test('what an earlier search of the same name has left is none of this one', async () => {
  const cluster = new EmbeddedApi(embeddedKinds);
  const { uid: _, ...metadata } = aSearch().metadata;
  const search = await cluster.create(nasSearches, { ...aSearch(), metadata });
  const base = variantOf(search, baseCandidate(search.spec));
  const old = { ...search, metadata: { ...search.metadata, uid: 'gone' } };
  const left = variantOf(old, { ...base.spec.candidate, precision: 'INT8Static' }, base);
  for (const one of [base, left]) await cluster.create(variants, one);
  const names = (await gather(cluster, key))?.variants.map((one) => one.metadata.name);
  assert.deepEqual(names, [base.metadata.name]);
});
