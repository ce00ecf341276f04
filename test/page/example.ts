import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../src/api/resources.ts';
import { embeddedKinds } from '../../src/cli/embedded-kinds.ts';
import type { Gate } from '../../src/observe/page/auth.ts';
import { contents } from '../../src/observe/page/content.ts';
import { example, profile, readingsExample, slaExample } from '../../src/observe/page/fixtures.ts';
import { pageReader } from '../../src/observe/page/reader.ts';
import { servePage } from '../../src/observe/page/server.ts';
import type { ApiObject, Cluster, ResourceType } from '../../src/runtime/cluster/cluster.ts';
import { EmbeddedApi } from '../../src/runtime/cluster/embedded/api/api.ts';

const quiet = { debug() {}, info() {}, warn: console.error, error: console.error };

type WithStatus = ApiObject & { status?: unknown };

export async function put<T extends WithStatus>(cluster: Cluster, type: ResourceType<T>, object: T): Promise<void> {
  await cluster.create(type, object);
  await cluster.replaceStatus(type, { ...object, metadata: { ...object.metadata, resourceVersion: undefined } });
}

/** Replaces the status of what is there. */
export const renew = <T extends WithStatus>(cluster: Cluster, type: ResourceType<T>, object: T) =>
  cluster.replaceStatus(type, { ...object, metadata: { ...object.metadata, resourceVersion: undefined } });

/** An API server in this process with a search of `count` variants, an accelerator and two SLAs. */
export async function exampleCluster(count: number): Promise<Cluster> {
  const cluster = new EmbeddedApi(embeddedKinds);
  const found = example(count);
  await put(cluster, nasSearches, found.search);
  for (const variant of found.variants) await put(cluster, variants, variant);
  for (const trial of found.trials) await put(cluster, trials, trial);
  await put(cluster, hardwareProfiles, profile);
  const web = slaExample();
  await put(cluster, latencySlas, { ...web, status: { ...web.status, measured: undefined } });
  await put(cluster, latencySlas, slaExample('checkout', 310));
  return cluster;
}

/** The page of that cluster, served on this machine; the SLA `web` has been followed for five minutes. */
export async function examplePage(cluster: Cluster, gate?: Gate) {
  const reader = pageReader({ cluster, clock: Date.now });
  await reader.slas();
  for (const { at, percentileMs, ratePerSecond } of readingsExample) {
    const sla = slaExample();
    const measured = { at, percentileMs, ratePerSecond, samples: 900, replicas: 2 };
    await renew(cluster, latencySlas, { ...sla, status: { ...sla.status, measured } });
  }
  await renew(cluster, latencySlas, slaExample());
  const address = { host: '127.0.0.1', port: 0, local: true };
  const server = await servePage(address, { contents: contents(reader), log: quiet, gate });
  return {
    url: `http://localhost:${server.port}`,
    async close() {
      await server.close();
      reader.close();
    },
  };
}
