import { setTimeout as sleep } from 'node:timers/promises';
import type { NASSearch } from '../../src/api/nas-search.ts';
import { nasSearches } from '../../src/api/resources.ts';
import { controllers } from '../../src/cli/controllers.ts';
import { openEmbedded } from '../../src/cli/embedded.ts';
import { createLog } from '../../src/observe/logging.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { findCondition } from '../../src/runtime/conditions.ts';
import { manager } from '../../src/runtime/manager.ts';

const silent = { reconciled: () => undefined, queueDepth: () => undefined };

const ended = (search: NASSearch | undefined) => {
  const { status = 'Unknown' } = findCondition(search?.status?.conditions, 'Succeeded') ?? {};
  return status !== 'Unknown';
};

/**
 * Runs a NASSearch on this machine, as `retune search` does, for `limitMs` at most, and lets `take` read what came of it
 * before it is gone. Throws Error when the search fails; one that is still at its last trials has what it knows.
 */
export async function withSearch<T>(
  manifest: Pick<NASSearch, 'apiVersion' | 'kind' | 'metadata'> & { spec: unknown },
  limitMs: number,
  take: (cluster: Cluster, search: NASSearch) => Promise<T>,
  progress: (search: NASSearch) => void = () => undefined,
): Promise<T> {
  const log = createLog({ level: 'error', format: 'text' });
  const local = await openEmbedded(log);
  const stopping = new AbortController();
  const all = controllers({ cluster: local.cluster, clock: Date.now, worker: local.worker, holdDownMs: 0 });
  const running = manager({ cluster: local.cluster, controllers: all, observer: silent, log }).run(stopping.signal);
  const { namespace = 'default', name } = manifest.metadata;
  try {
    const object = { ...manifest, metadata: { ...manifest.metadata, namespace } } as NASSearch;
    await local.cluster.apply(nasSearches, object, { fieldManager: 'retune-bench' });
    const deadline = Date.now() + limitMs;
    let found = await local.cluster.get(nasSearches, { namespace, name });
    while (Date.now() < deadline && !ended(found)) {
      await sleep(500);
      found = await local.cluster.get(nasSearches, { namespace, name });
      if (found) progress(found);
    }
    const outcome = findCondition(found?.status?.conditions, 'Succeeded');
    if (!found || outcome?.status === 'False') {
      throw new Error(`the search failed (${outcome?.reason}): ${outcome?.message}`);
    }
    return await take(local.cluster, found);
  } finally {
    stopping.abort();
    await running;
    await local.close();
  }
}
