import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Cluster } from '../runtime/cluster/cluster.ts';
import { deployments } from '../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../runtime/cluster/embedded/api/api.ts';
import { ApiError } from '../runtime/cluster/errors.ts';
import { directoryStore } from '../stores/directory/directory.ts';
import { collectGarbage } from './collect-garbage.ts';
import { embeddedKinds } from './embedded-kinds.ts';
import { collectOnSchedule } from './gc-schedule.ts';

const day = 24 * 3_600_000;
const later = () => Date.now() + 2 * day;
const bytes = (text: string) => new TextEncoder().encode(text);
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-collect-'));
});
after(() => rm(folder, { recursive: true }));

/** A cluster in which one Deployment serves one artifact. */
async function serving(uri: string): Promise<Cluster> {
  const cluster = new EmbeddedApi(embeddedKinds);
  const matchLabels = { app: 'web' };
  const containers = [{ name: 'server', args: [`--model=${uri}`] }];
  await cluster.create(deployments, {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'team' } },
    spec: { selector: { matchLabels }, template: { metadata: { labels: matchLabels }, spec: { containers } } },
  });
  return cluster;
}

/** The same cluster, in which lists of some kinds fail. */
const failing = (cluster: Cluster, kinds: string[], error: ApiError): Cluster =>
  Object.assign(Object.create(cluster) as Cluster, {
    list: (type: Parameters<Cluster['list']>[0], options: Parameters<Cluster['list']>[1]) =>
      kinds.includes(type.kind) ? Promise.reject(error) : cluster.list(type, options),
  });

test('what a cluster does not have names nothing; what may not be read ends it before anything is removed', async () => {
  const store = directoryStore(join(folder, 'rights'));
  const [served, lost] = [await store.put(bytes('served')), await store.put(bytes('lost'))];
  const cluster = await serving(store.uri(served));
  const collect = (seen: Cluster) => collectGarbage({ cluster: seen, store, clock: later, graceMs: day });
  await assert.rejects(collect(failing(cluster, ['ReplicaSet'], new ApiError('Forbidden', 'no'))), {
    message:
      "no garbage is collected, because what replicasets name can't be read: allow the verb list on replicasets of the API group apps in all namespaces",
  });
  await assert.rejects(collect(failing(cluster, ['Variant'], new ApiError('NotFound', 'no CRD'))), /no CRD/);
  assert.equal(await store.has(lost), true);
  const without = failing(cluster, ['Rollout', 'InferenceService'], new ApiError('NotFound', 'no CRD'));
  assert.deepEqual(
    (await collect(without)).removed.map(({ digest }) => digest),
    [lost],
  );
  assert.equal(await store.has(served), true);
});

test('what is put again while garbage is looked for stays', async () => {
  const store = directoryStore(join(folder, 'again'));
  const [served, lost] = [await store.put(bytes('served')), await store.put(bytes('lost'))];
  const cluster = await serving(store.uri(served));
  const slow = Object.assign(Object.create(cluster) as Cluster, {
    list: async (type: Parameters<Cluster['list']>[0]) => {
      await store.put(bytes('lost'));
      return cluster.list(type);
    },
  });
  const { removed } = await collectGarbage({ cluster: slow, store, clock: later, graceMs: day });
  assert.deepEqual(removed, []);
  assert.equal(await store.has(lost), true);
});

test('a schedule collects again and again until it is ended, and tells what went wrong', async () => {
  const store = directoryStore(join(folder, 'schedule'));
  const served = await store.put(bytes('served'));
  const cluster = await serving(store.uri(served));
  let lists = 0;
  const flaky = Object.assign(Object.create(cluster) as Cluster, {
    list: (type: Parameters<Cluster['list']>[0]) =>
      lists++ === 0 ? Promise.reject(new ApiError('Unavailable', 'it is away')) : cluster.list(type),
  });
  const told: string[] = [];
  const ending = new AbortController();
  const tell = (message: string, fields: Record<string, unknown> = {}) => {
    told.push(`${message}: ${fields.error ?? fields.outcome}`);
    if (told.length === 2) ending.abort();
  };
  const log = { debug: tell, info: tell, warn: tell, error: tell };
  const { signal } = ending;
  await collectOnSchedule({ cluster: flaky, store, log, clock: later, intervalMs: 20, graceMs: day, signal });
  assert.deepEqual(told, [
    'Garbage could not be collected: it is away',
    'Collected garbage: removed 0 artifacts, 0.0 MB; kept 1 that are named and 0 that are young',
  ]);
});
