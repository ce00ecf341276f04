import { labels } from '../../api/common.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { nasSearches, trials, variants } from '../../api/resources.ts';
import { provedOf } from '../../core/artifacts/provenance.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { type Controller, itself } from '../../runtime/controller.ts';
import type { Log } from '../../runtime/reconcile.ts';
import { type ArtifactStore, StoreError } from '../../stores/store.ts';

/** A store that is down is asked again so much later: nothing waits for what is told there. */
const laterMs = 10 * 60_000;

/** The variants that an SLA may roll out: those on a front. */
const onFronts = ({ status }: NASSearch): Set<string> =>
  new Set((status?.accelerators ?? []).flatMap(({ front }) => front.map(({ variant }) => variant)));

/**
 * Tells a store that keeps such things (a registry) what its artifacts are: once a search has ended, each variant on its
 * fronts is annotated with its base, candidate, quality and trials.
 */
export function provenanceController(deps: { cluster: Cluster; store: ArtifactStore; log: Log }): Controller {
  const { cluster, store, log } = deps;

  async function annotate(search: NASSearch, { namespace }: Key): Promise<void> {
    const own = { namespace, labels: { [labels.search]: search.metadata.name } };
    const [made, measured] = await Promise.all([cluster.list(variants, own), cluster.list(trials, own)]);
    const base = made.find(({ metadata }) => metadata.name === search.status?.base);
    const wanted = onFronts(search);
    for (const variant of made.filter(({ metadata }) => wanted.has(metadata.name))) {
      const proved = provedOf(variant, base, measured);
      if (proved) await store.annotate?.(proved.digest, proved.annotations);
    }
  }

  return {
    name: 'provenance',
    concurrency: 1,
    async reconcile(key) {
      const search = await cluster.get(nasSearches, key);
      if (!search || search.metadata.deletionTimestamp) return {};
      if (findCondition(search.status?.conditions, 'Succeeded')?.status !== 'True') return {};
      try {
        await annotate(search, key);
        return {};
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn('The provenance of variants could not be written', { ...key, error: error.message });
        return error.retryable ? { requeueAfterMs: laterMs } : {};
      }
    },
    watches: [{ type: nasSearches, map: itself }],
  };
}
