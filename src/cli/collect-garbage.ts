import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../api/resources.ts';
import { digestsIn, type Garbage, garbage, type StoredArtifact } from '../core/artifacts/garbage.ts';
import type { ApiObject, Cluster, ResourceType } from '../runtime/cluster/cluster.ts';
import { deployments, pods } from '../runtime/cluster/core-types.ts';
import { isApiError } from '../runtime/cluster/errors.ts';
import type { Clock } from '../runtime/reconcile.ts';
import type { ArtifactStore } from '../stores/store.ts';

const workload = (apiVersion: string, kind: string): ResourceType => ({
  ...{ apiVersion, kind, plural: `${kind.toLowerCase()}s`, namespaced: true },
});

/** Whatever may name an artifact: what Retune knows, and what serves models. ReplicaSets are what a rollout is undone to. */
const naming: ResourceType[] = [
  ...[nasSearches, variants, trials, hardwareProfiles, latencySlas, pods, deployments],
  ...[workload('apps/v1', 'ReplicaSet'), workload('apps/v1', 'StatefulSet')],
] as ResourceType[];
/** Looked at where the cluster has them. */
const foreign = [
  workload('argoproj.io/v1alpha1', 'Rollout'),
  workload('serving.kserve.io/v1beta1', 'InferenceService'),
];

async function listed(cluster: Cluster, type: ResourceType): Promise<ApiObject[]> {
  try {
    return await cluster.list(type);
  } catch (error) {
    if (isApiError(error, 'NotFound') && foreign.includes(type)) return [];
    if (!isApiError(error, 'Forbidden')) throw error;
    const group = type.apiVersion.includes('/') ? type.apiVersion.split('/')[0] : '""';
    throw new Error(
      `no garbage is collected, because what ${type.plural} name can't be read: allow the verb list on ${type.plural} of the API group ${group} in all namespaces`,
      { cause: error },
    );
  }
}

export interface Collection extends Garbage {
  /** What is gone, or with `dryRun` would go. */
  removed: StoredArtifact[];
}

/**
 * Removes what nothing in the cluster names any more. The store is listed before the cluster is read, and nothing that
 * was put since is removed: an artifact is always put before something names it. Throws StoreError, or Error where
 * something that may name artifacts can't be read; then nothing was removed.
 */
export async function collectGarbage(options: {
  cluster: Cluster;
  store: ArtifactStore;
  clock: Clock;
  graceMs: number;
  dryRun?: boolean;
}): Promise<Collection> {
  const { cluster, store, clock, graceMs, dryRun = false } = options;
  const stored: StoredArtifact[] = [];
  for await (const artifact of store.list()) stored.push(artifact);
  const named = new Set<string>();
  for (const type of [...naming, ...foreign]) {
    for (const object of await listed(cluster, type)) for (const digest of digestsIn(object)) named.add(digest);
  }
  const found = garbage({ stored, named, nowMs: clock(), graceMs });
  if (dryRun) return { ...found, removed: found.remove };
  const removed: StoredArtifact[] = [];
  for (const artifact of found.remove) {
    if (await store.remove(artifact.digest, artifact.modifiedMs)) removed.push(artifact);
  }
  return { ...found, removed };
}

const total = (artifacts: StoredArtifact[]) => artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** `removed 3 artifacts, 12.4 MB; kept 21 that are named and 2 that are young`. */
export function collectionPhrase({ removed, named, young, refused }: Collection, dryRun = false): string {
  if (refused) return `removed nothing: ${refused}`;
  const done = dryRun ? 'would remove' : 'removed';
  const megabytes = (total(removed) / 1e6).toFixed(1);
  return `${done} ${removed.length} artifacts, ${megabytes} MB; kept ${named} that are named and ${young} that are young`;
}
