import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../runtime/cluster/cluster.ts';
import type { Clock, Log } from '../runtime/reconcile.ts';
import type { ArtifactStore } from '../stores/store.ts';
import { collectGarbage, collectionPhrase } from './collect-garbage.ts';

/** The first time after a start: an operator that is restarted often collects too. */
const firstMs = 10 * 60_000;

/** Collects garbage every so often until `signal` ends it; what goes wrong is logged, and tried again the next time. */
export async function collectOnSchedule(options: {
  cluster: Cluster;
  store: ArtifactStore;
  log: Log;
  clock: Clock;
  intervalMs: number;
  graceMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const { log, intervalMs, signal } = options;
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  await pause(Math.min(firstMs, intervalMs));
  while (!signal.aborted) {
    try {
      const found = await collectGarbage(options);
      const fields = { outcome: collectionPhrase(found) };
      if (found.refused) log.warn('Collected no garbage', fields);
      else log.info('Collected garbage', fields);
    } catch (error) {
      log.error('Garbage could not be collected', { error: error instanceof Error ? error.message : String(error) });
    }
    await pause(intervalMs);
  }
}
