import { labels } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';

/** Everything one decision about a search needs, read once. */
export interface SearchSnapshot {
  search: NASSearch;
  variants: Variant[];
  trials: Trial[];
  profiles: HardwareProfile[];
  /** The SLAs that name this search. */
  slas: LatencySLA[];
}

/** Every read for one reconcile; undefined when the search is gone. */
export async function gather(cluster: Cluster, key: Key): Promise<SearchSnapshot | undefined> {
  const search = await cluster.get(nasSearches, key);
  if (!search || search.metadata.deletionTimestamp) return undefined;
  const { namespace, name } = key;
  const mine = { namespace, labels: { [labels.search]: name } };
  const [itsVariants, itsTrials, profiles, slas] = await Promise.all([
    cluster.list(variants, mine),
    cluster.list(trials, mine),
    cluster.list(hardwareProfiles),
    cluster.list(latencySlas, { namespace }),
  ]);
  const naming = slas.filter(({ spec }) => spec.searchRef.name === name);
  return { search, variants: itsVariants, trials: itsTrials, profiles, slas: naming };
}
