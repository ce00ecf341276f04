/** A cluster with a finished search and an SLA, for tests: in memory, with nothing that changes it. */
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { LatencySLA, LatencySLAStatus } from '../../api/latency-sla.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import { aSearch, finished, profile, startMs } from '../../controllers/search/fixtures.ts';
import type { SearchSnapshot } from '../../controllers/search/gather.ts';
import { anSla } from '../../controllers/sla/fixtures.ts';
import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import type { EmbeddedKind } from '../../runtime/cluster/embedded/api/kinds.ts';
import { embeddedKinds } from '../embedded-kinds.ts';
import type { Connection } from './connection.ts';

export const nowMs = startMs + 60_000;

/** Puts an object there as it is, its status included. */
export async function put<T extends ApiObject & { status?: unknown }>(
  cluster: Cluster,
  type: ResourceType<T>,
  object: T,
): Promise<T> {
  const { uid: _u, generation: _g, resourceVersion: _r, ownerReferences: _o, ...metadata } = object.metadata;
  const made = await cluster.create(type, { ...object, metadata } as T);
  return object.status === undefined ? made : cluster.replaceStatus(type, { ...made, status: object.status } as T);
}

/** Puts a search there with its children and profiles. */
export async function putSearch(cluster: Cluster, snapshot: SearchSnapshot): Promise<void> {
  for (const one of snapshot.profiles) await put(cluster, hardwareProfiles, one as HardwareProfile);
  await put(cluster, nasSearches, snapshot.search);
  for (const variant of snapshot.variants) await put(cluster, variants, variant);
  for (const trial of snapshot.trials) await put(cluster, trials, trial);
}

export const connectionTo = (cluster: Cluster, change: Partial<Connection> = {}): Connection => ({
  ...{ cluster, namespace: 'default', context: 'test', server: 'https://test:6443', clock: () => nowMs },
  version: async () => 'v1.35.4',
  ...change,
});

/** An API server in memory that knows Retune's kinds, and others where a test needs them. */
export const emptyCluster = (others: EmbeddedKind[] = []) => new EmbeddedApi([...embeddedKinds, ...others]);

/** The search `quick`, finished on the accelerator `fast`; its threshold is 10 ms unless `change` says otherwise. */
export const quick = (change: Parameters<typeof aSearch>[0] = {}): SearchSnapshot =>
  finished(aSearch({ latency: { threshold: '10ms' }, quality: { metric: 'Top1', maxDrop: '20%' }, ...change }));

/** A connection to a cluster that holds `quick`, or what it was made of. */
export async function withSearch(snapshot: SearchSnapshot = quick()) {
  const cluster = emptyCluster();
  await putSearch(cluster, snapshot);
  return { connection: connectionTo(cluster), cluster, ...snapshot };
}

/** The SLA `web` of a Deployment that serves the base model of `quick`. */
export const web = (status?: LatencySLAStatus, spec: Partial<LatencySLA['spec']> = {}): LatencySLA =>
  anSla({ searchRef: { name: 'quick' }, ...spec }, status);

export const putSla = (cluster: Cluster, sla: LatencySLA) => put(cluster, latencySlas, sla);
export { profile };
