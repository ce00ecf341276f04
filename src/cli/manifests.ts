import { readFile } from 'node:fs/promises';
import { loadAll } from 'js-yaml';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../api/resources.ts';
import type { ApiObject, Cluster, ResourceType } from '../runtime/cluster/cluster.ts';
import { deployments, services } from '../runtime/cluster/core-types.ts';
import { withAbsoluteUris } from './relative-uris.ts';

const known: ResourceType[] = [nasSearches, latencySlas, variants, trials, hardwareProfiles, deployments, services];

/**
 * The objects of a YAML file; a URI such as `file:./model.onnx` names a file beside it. Throws Error with a sentence when
 * it is missing or no manifest.
 */
export async function readManifests(path: string): Promise<ApiObject[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`${path} can't be read: ${cause.code === 'ENOENT' ? 'there is no such file' : cause.message}`, {
      cause,
    });
  });
  const objects = loadAll(text).filter((object) => object !== null && object !== undefined) as ApiObject[];
  for (const [i, { apiVersion, kind, metadata }] of objects.entries()) {
    if (!apiVersion || !kind || !metadata?.name) {
      throw new Error(`document ${i + 1} of ${path} is no manifest: it needs apiVersion, kind and metadata.name`);
    }
  }
  return objects.map((object) => withAbsoluteUris(object, path));
}

/** Applies objects to a cluster as `kubectl apply` would. Throws when one is refused. */
export async function applyManifests(cluster: Cluster, objects: ApiObject[], namespace: string): Promise<void> {
  for (const object of objects) {
    const type = known.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);
    if (!type)
      throw new Error(
        `${object.kind} ${object.metadata.name} can't be applied here: only ${known.map((k) => k.kind).join(', ')}`,
      );
    const metadata = type.namespaced ? { namespace, ...object.metadata } : object.metadata;
    await cluster.apply(type, { ...object, metadata }, { fieldManager: 'retune-cli' });
  }
}
