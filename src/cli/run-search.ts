import { setTimeout as sleep } from 'node:timers/promises';
import type { NASSearch } from '../api/nas-search.ts';
import { nasSearches } from '../api/resources.ts';
import { createLog } from '../observe/logging.ts';
import type { Cluster } from '../runtime/cluster/cluster.ts';
import { findCondition } from '../runtime/conditions.ts';
import { manager } from '../runtime/manager.ts';
import { controllers } from './controllers.ts';
import { openEmbedded } from './embedded.ts';

const silent = { reconciled: () => undefined, queueDepth: () => undefined };
const namespace = 'default';

export interface RunOptions {
  logLevel?: 'warn' | 'error';
  /** Gives the search up; what it knows by then is still read. */
  signal?: AbortSignal;
  /** Called about twice a second while it runs. */
  progress?: (search: NASSearch) => void;
}

/** Whether a search succeeded, and why not; undefined while it runs. */
export const outcomeOf = ({ status }: NASSearch) => {
  const found = findCondition(status?.conditions, 'Succeeded');
  return found?.status === 'Unknown' ? undefined : found;
};

/**
 * Runs a NASSearch on this machine to its end, and lets `take` read what came of it before it is gone. The manifest must
 * be a valid one. Throws Error when it is gone before its end.
 */
export async function runSearch<T>(
  manifest: NASSearch,
  take: (cluster: Cluster, search: NASSearch) => Promise<T>,
  { logLevel = 'warn', signal, progress }: RunOptions = {},
): Promise<T> {
  const log = createLog({ level: logLevel, format: 'text' });
  const local = await openEmbedded(log);
  const stopping = new AbortController();
  const all = controllers({ cluster: local.cluster, clock: Date.now, worker: local.worker, holdDownMs: 0 });
  const running = manager({ cluster: local.cluster, controllers: all, observer: silent, log }).run(stopping.signal);
  const { name } = manifest.metadata;
  try {
    const object = { ...manifest, metadata: { ...manifest.metadata, namespace } };
    await local.cluster.apply(nasSearches, object, { fieldManager: 'retune-cli' });
    for (;;) {
      const found = await local.cluster.get(nasSearches, { namespace, name });
      if (!found) throw new Error(`the search ${name} was deleted while it ran`);
      progress?.(found);
      if (signal?.aborted || outcomeOf(found)) return await take(local.cluster, found);
      await sleep(500);
    }
  } finally {
    stopping.abort();
    await running;
    await local.close();
  }
}
