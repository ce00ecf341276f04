import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hardwareProfiles, nasSearches, trials, variants } from '../../api/resources.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { aSearch, finished, profile } from '../search/fixtures.ts';
import { gather } from './gather.ts';

test('of a trial that has ended nothing is read but its accelerator; of one that runs, all that it needs', async () => {
  const cluster = new EmbeddedApi(embeddedKinds);
  const { search, variants: made, trials: tried } = finished(aSearch());
  await cluster.create(nasSearches, search);
  await cluster.create(hardwareProfiles, profile('fast'));
  for (const variant of made) await cluster.create(variants, variant);
  const [ended, runs] = tried;
  assert.ok(ended && runs);
  const created = await cluster.create(trials, ended);
  await cluster.create(trials, { ...runs, status: undefined });
  const found = (name: string) => gather(cluster, { namespace: 'default', name });
  const before = await found(runs.metadata.name);
  assert.deepEqual([before?.search?.metadata.name, before?.profile?.metadata.name], ['quick', 'fast']);
  assert.deepEqual(before?.variant?.metadata.name, runs.spec.variantRef.name);
  assert.deepEqual(before?.reference?.metadata.name, ended.metadata.name);
  await cluster.replaceStatus(trials, { ...created, status: ended.status });
  const after = await found(ended.metadata.name);
  assert.deepEqual([after?.search, after?.variant, after?.profile?.metadata.name], [undefined, undefined, 'fast']);
  assert.equal(after?.trial.status?.latency?.p50Ms, ended.status?.latency?.p50Ms);
});
