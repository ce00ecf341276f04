/** An API server over HTTP before a cluster in memory, for tests of the command itself. It takes what the commands send. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import { deployments, leases, nodes, pods } from '../../runtime/cluster/core-types.ts';
import { ApiError } from '../../runtime/cluster/errors.ts';
import { apiServices, claims, definitions, namespaces, reviews, selfReviews } from '../doctor/kinds.ts';

const types: ResourceType[] = [
  ...[hardwareProfiles, latencySlas, nasSearches, trials, variants, deployments, leases, nodes, pods],
  ...[apiServices, claims, definitions, namespaces, reviews, selfReviews],
];
const codes: Partial<Record<string, number>> = { NotFound: 404, Conflict: 409, Forbidden: 403, Invalid: 422 };

/** Where a path points: `/apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME[/status]]`. */
function target(path: string) {
  const parts = path.split('/').filter(Boolean);
  const apiVersion = parts[0] === 'api' ? parts[1] : `${parts[1]}/${parts[2]}`;
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3).map(decodeURIComponent);
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
  const [plural, name, subresource] = namespace ? rest.slice(2) : rest;
  return {
    type: types.find((one) => one.apiVersion === apiVersion && one.plural === plural),
    namespace,
    name,
    subresource,
  };
}

async function handle(cluster: Cluster, method: string, url: URL, body: string): Promise<unknown> {
  if (url.pathname === '/version') return { gitVersion: 'v1.35.4' };
  const { type, namespace, name, subresource } = target(url.pathname);
  if (!type) throw new ApiError('NotFound', '404 page not found');
  const selector = url.searchParams.get('labelSelector');
  const labels = selector ? Object.fromEntries(selector.split(',').map((one) => one.split('='))) : undefined;
  if (method === 'GET' && !name)
    return { metadata: { resourceVersion: '1' }, items: await cluster.list(type, { namespace, labels }) };
  const sent = body === '' ? undefined : (JSON.parse(body) as ApiObject);
  if (method === 'POST' && sent) return cluster.create(type, sent);
  if (method === 'PUT' && sent)
    return subresource === 'status' ? cluster.replaceStatus(type, sent) : cluster.replace(type, sent);
  const found = method === 'GET' && name ? await cluster.get(type, { namespace, name }) : undefined;
  if (!found) throw new ApiError('NotFound', `${type.plural} "${name}" not found`);
  return found;
}

/** Serves a cluster on this machine, with a kubeconfig that names it. */
export async function serveCluster(cluster: Cluster) {
  const server = createServer(async (request, response) => {
    try {
      const url = new URL(request.url ?? '', 'http://localhost');
      response.end(JSON.stringify(await handle(cluster, request.method ?? '', url, await text(request))));
    } catch (error) {
      const { reason, message } = error instanceof ApiError ? error : { reason: 'Unknown', message: String(error) };
      response.writeHead(codes[reason] ?? 500).end(JSON.stringify({ kind: 'Status', reason, message }));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'retune-cli-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const context = (namespace?: string) => ({ cluster: 'test', user: 'ann', namespace });
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [
      { name: 'gone', cluster: { server: 'http://127.0.0.1:64999', 'insecure-skip-tls-verify': true } },
      { name: 'test', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'ann', user: {} }],
    contexts: [
      { name: 'test', context: context() },
      { name: 'elsewhere', context: context('team') },
      { name: 'gone', context: { ...context(), cluster: 'gone' } },
    ],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return {
    kubeconfig,
    folder,
    async close() {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}
