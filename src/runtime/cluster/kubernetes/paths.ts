import type { Key, ResourceType } from '../cluster.ts';

/** Where a collection lies under the API server's root: all namespaces when none is given. */
export function collectionPath({ apiVersion, plural, namespaced }: ResourceType, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespaced && namespace
    ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
    : `${root}/${plural}`;
}

export const objectPath = (type: ResourceType, { namespace, name }: Key): string =>
  `${collectionPath(type, namespace ?? 'default')}/${encodeURIComponent(name)}`;

export const labelSelector = (labels: Record<string, string> | undefined): string | undefined =>
  labels &&
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
