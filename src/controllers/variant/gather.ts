import type { NASSearch } from '../../api/nas-search.ts';
import { nasSearches, variants } from '../../api/resources.ts';
import type { Variant } from '../../api/variant.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { isSettled, podName } from '../shared/attempt.ts';

export interface VariantSnapshot {
  variant: Variant;
  search: NASSearch | undefined;
  /** The base variant of the search; undefined for the base itself. */
  base: Variant | undefined;
  /** The pod of the present attempt. */
  pod: Pod | undefined;
}

/** Every read about one variant; undefined when it is gone. Once it has ended nothing else matters to it. */
export async function gather(cluster: Cluster, key: Key): Promise<VariantSnapshot | undefined> {
  const variant = await cluster.get(variants, key);
  if (!variant || variant.metadata.deletionTimestamp) return undefined;
  if (isSettled(variant.status, 'Ready')) return { variant, search: undefined, base: undefined, pod: undefined };
  const { namespace } = key;
  const [search, pod] = await Promise.all([
    cluster.get(nasSearches, { namespace, name: variant.spec.searchRef.name }),
    cluster.get(pods, { namespace, name: podName(variant.metadata.name, variant.status?.attempts) }),
  ]);
  const name = search?.status?.base;
  const base = name && name !== key.name ? await cluster.get(variants, { namespace, name }) : undefined;
  return { variant, search, base, pod };
}
