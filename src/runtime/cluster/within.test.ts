import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Deployment, deployments, nodes } from './core-types.ts';
import { EmbeddedApi } from './embedded/api/api.ts';
import { within } from './within.ts';

const inNamespace = (namespace: string, name = 'web'): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'server', image: 'server:1' }] } },
  },
});

async function threeNamespaces() {
  const api = new EmbeddedApi([]);
  for (const namespace of ['a', 'b', 'c']) await api.create(deployments, inNamespace(namespace));
  return api;
}
const places = (found: Deployment[]) => found.map(({ metadata }) => metadata.namespace).sort();

test('what asks for all namespaces sees those that it may', async () => {
  const api = await threeNamespaces();
  const narrowed = within(api, ['a', 'b', 'a']);
  assert.deepEqual(places(await narrowed.list(deployments)), ['a', 'b']);
  assert.deepEqual(places(await narrowed.list(deployments, { namespace: 'c' })), ['c'], 'a named one is asked for');
  assert.deepEqual(await narrowed.list(nodes), []);
  assert.throws(() => within(api, []), /one namespace or more/);
});

test('a watch of all namespaces tells of each that it may, once, until it is stopped', async () => {
  const api = await threeNamespaces();
  const narrowed = within(api, ['a', 'b']);
  const seen: string[] = [];
  const watch = narrowed.watch(deployments, {}, ({ type, object }) => {
    seen.push(`${type} ${object.metadata.namespace}/${object.metadata.name}`);
  });
  await watch.synced;
  for (const namespace of ['b', 'c']) await narrowed.create(deployments, inNamespace(namespace, 'later'));
  await sleep(50);
  assert.deepEqual(seen.toSorted(), ['Added a/web', 'Added b/later', 'Added b/web']);
  assert.ok(Date.now() - watch.lastActivity() < 10_000);
  watch.stop();
  await api.delete(deployments, { namespace: 'a', name: 'web' });
  await sleep(50);
  assert.equal(seen.length, 3);
});
