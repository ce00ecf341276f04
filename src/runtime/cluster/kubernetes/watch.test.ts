import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import type { ApiObject, ResourceType, WatchEvent } from '../cluster.ts';
import { kubernetesCluster } from './kubernetes.ts';

type Thing = ApiObject & { status?: { size: number } };
const things: ResourceType<Thing> = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: true };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const item = (name: string) => ({
  metadata: { ...{ name, namespace: 'n', uid: name, resourceVersion: '1' }, managedFields: [{ manager: 'someone' }] },
  status: { size: 1 },
});

/** Lists `names` two at a time; nothing ever happens on a watch. */
async function apiServer(names: () => string[]) {
  const pages: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    if (url.searchParams.has('watch')) return void setTimeout(() => response.end(), 20);
    const from = Number(url.searchParams.get('continue') ?? 0);
    const items = names().slice(from, from + 2);
    pages.push(`${from}`);
    const next = from + 2 < names().length ? String(from + 2) : undefined;
    response.end(JSON.stringify({ metadata: { resourceVersion: '7', continue: next }, items: items.map(item) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  config.loadFromClusterAndUser({ name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }, { name: 'u' });
  return { server, config, pages };
}

test('a watch takes a list page by page and tells of what is gone at the next', { timeout: 20_000 }, async (t) => {
  let names = ['a', 'b', 'c', 'd', 'e'];
  const { server, config, pages } = await apiServer(() => names);
  const events: WatchEvent<Thing>[] = [];
  const watch = kubernetesCluster(config, quiet, { resyncMs: 50, retryMs: 10 }).watch(things, {}, (event) => {
    events.push(event);
  });
  t.after(() => {
    watch.stop();
    server.close();
    server.closeAllConnections();
  });
  await watch.synced;
  assert.deepEqual(pages.slice(0, 3), ['0', '2', '4']);
  const told = () => events.map(({ type, object }) => `${type} ${object.metadata.name}`);
  assert.deepEqual(
    told(),
    names.map((name) => `Added ${name}`),
  );
  for (const { object } of events) {
    assert.deepEqual([object.kind, object.status?.size, object.metadata.managedFields], ['Thing', 1, undefined]);
  }
  names = ['a', 'c', 'd', 'e'];
  for (const until = Date.now() + 5000; events.length < 6 && Date.now() < until; ) await sleep(10);
  assert.deepEqual(told().slice(5), ['Deleted b']);
  // What nobody asks a watch for is not remembered.
  assert.equal(events[5]?.object.status, undefined);
});
