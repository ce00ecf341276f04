import type { LatencySLA } from '../api/latency-sla.ts';
import type { NASSearch } from '../api/nas-search.ts';
import { hardwareProfiles, trials, variants } from '../api/resources.ts';
import { searchView } from '../observe/page/model/search.ts';
import type { Reading, SlaView } from '../observe/page/model/sla.ts';
import { variantView } from '../observe/page/model/variant.ts';
import type { SearchReport } from '../observe/report/data.ts';
import type { Cluster } from '../runtime/cluster/cluster.ts';

/** A search with everything that was measured for it. */
export async function searchReports(cluster: Cluster, search: NASSearch): Promise<SearchReport[]> {
  const { namespace, name } = search.metadata;
  const options = { namespace, labels: { 'retune.dev/search': name } };
  const children = { variants: await cluster.list(variants, options), trials: await cluster.list(trials, options) };
  const accelerators = search.status?.accelerators ?? [];
  const here = new Set(accelerators.map((one) => one.name));
  const profiles = (await cluster.list(hardwareProfiles)).filter(({ metadata }) => here.has(metadata.name));
  const recommended = new Set(accelerators.flatMap((one) => one.recommended ?? []));
  return [
    {
      view: searchView(search, children.variants, children.trials),
      recommended: [...recommended].flatMap((variant) => variantView(search, children, profiles, variant) ?? []),
      profiles,
    },
  ];
}

/** What an SLA went through, with the latency that was seen over time. */
export const slaReport = (sla: LatencySLA, readings: Reading[]): SlaView => ({ sla, readings });
