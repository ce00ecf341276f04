import { labels } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import type { ApiObject, Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { checkEveryMs, checkPodName } from './model-check.ts';

/** Everything one decision about a search needs, read once. */
export interface SearchSnapshot {
  search: NASSearch;
  variants: Variant[];
  trials: Trial[];
  profiles: HardwareProfile[];
  /** The SLAs that name this search. */
  slas: LatencySLA[];
  /** How often an SLA wants to know what the base model is now; undefined where none does. */
  checkEveryMs?: number;
  /** The pod that looks. */
  checkPod?: Pod;
}

/** What is left of an earlier search of the same name is being deleted, and is none of this one's. */
const isOf =
  (search: NASSearch) =>
  ({ metadata }: ApiObject): boolean => {
    const controller = metadata.ownerReferences?.find((reference) => reference.controller);
    return !controller || controller.uid === search.metadata.uid;
  };

/** Every read for one reconcile; undefined when the search is gone. */
export async function gather(cluster: Cluster, key: Key): Promise<SearchSnapshot | undefined> {
  const search = await cluster.get(nasSearches, key);
  if (!search || search.metadata.deletionTimestamp) return undefined;
  const { namespace, name } = key;
  const mine = { namespace, labels: { [labels.search]: name } };
  const [itsVariants, itsTrials, profiles, slas, checkPod] = await Promise.all([
    cluster.list(variants, mine),
    cluster.list(trials, mine),
    cluster.list(hardwareProfiles),
    cluster.list(latencySlas, { namespace }),
    cluster.get(pods, { namespace, name: checkPodName(search) }),
  ]);
  const naming = slas.filter(({ spec }) => spec.searchRef.name === name);
  return {
    search,
    variants: itsVariants.filter(isOf(search)),
    trials: itsTrials.filter(isOf(search)),
    profiles,
    slas: naming,
    checkEveryMs: checkEveryMs(slas, name),
    checkPod: checkPod && isOf(search)(checkPod) ? checkPod : undefined,
  };
}
