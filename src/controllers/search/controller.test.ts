import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hardwareProfiles, latencySlas, nasSearches } from '../../api/resources.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { anSla } from '../sla/fixtures.ts';
import { searchController } from './controller.ts';
import { aSearch, condition, profile, startMs } from './fixtures.ts';

const worker = { image: 'retune:1', namespace: 'default', store: { uri: 's3://models' } };

test('searches are looked at again when an accelerator can do something else, not when its nodes come and go', async () => {
  const cluster = new EmbeddedApi(embeddedKinds);
  const search = aSearch();
  await cluster.create(nasSearches, search);
  const controller = searchController({ cluster, clock: () => startMs, worker });
  const key = { namespace: 'default', name: 'quick' };
  await controller.reconcile(key, AbortSignal.timeout(5000));
  const ofProfile = controller.watches.find(({ type }) => type === hardwareProfiles)?.map;
  assert.ok(ofProfile);
  const fast = profile('fast');
  const changed = (status: object) => ofProfile({ ...fast, status: { ...fast.status, ...status } }, 'Modified');
  assert.deepEqual(ofProfile(fast, 'Added'), [key]);
  assert.deepEqual(changed({ nodeCount: 3, nodes: ['a', 'b', 'c'] }), []);
  assert.deepEqual(changed({ generation: 2 }), [key]);
  const conditions = [condition('Ready', 'False', 'NoNodes'), condition('Probed', 'True', 'Measured')];
  assert.deepEqual(changed({ generation: 2, conditions }), [key]);
  assert.deepEqual(changed({ generation: 2, conditions, nodeCount: 0 }), []);
});

test('a search is looked at again when an SLA that names it is violated, not each time that it is judged', () => {
  const controller = searchController({ cluster: new EmbeddedApi(embeddedKinds), clock: () => startMs, worker });
  const ofSla = controller.watches.find(({ type }) => type === latencySlas)?.map;
  assert.ok(ofSla);
  const key = { namespace: 'default', name: 'search' };
  const judged = (verdict: 'Met' | 'Violated', counted: string) =>
    ofSla(anSla({}, { verdict, counted, conditions: [] }), 'Modified');
  assert.deepEqual(judged('Met', '2026-01-01T12:00:00Z'), [key]);
  assert.deepEqual(judged('Met', '2026-01-01T12:00:05Z'), []);
  assert.deepEqual(judged('Violated', '2026-01-01T12:00:10Z'), [key]);
});
