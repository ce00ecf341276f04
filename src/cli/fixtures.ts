import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Controller } from '../runtime/controller.ts';
import { manager } from '../runtime/manager.ts';
import type { Log } from '../runtime/reconcile.ts';
import { openEmbedded } from './embedded.ts';

/** Controllers that run on an embedded cluster, with real pods as processes. For tests only. */

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
const silent = { reconciled: () => undefined, queueDepth: () => undefined };

export type Embedded = Awaited<ReturnType<typeof openEmbedded>>;

export interface Running {
  local: Embedded;
  /** For files of the test's own. */
  folder: string;
  /** Ends the controllers, the cluster and the folder. */
  stop(): Promise<void>;
}

/** Starts `controllersOf` on a cluster of their own. */
export async function runEmbedded(
  controllersOf: (local: Embedded) => Controller[],
  log: Log = quiet,
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'retune-running-'));
  const local = await openEmbedded(log);
  const stopping = new AbortController();
  const controllers = controllersOf(local);
  const running = manager({ cluster: local.cluster, controllers, observer: silent, log }).run(stopping.signal);
  return {
    ...{ local, folder },
    async stop() {
      stopping.abort();
      await running;
      await local.close();
      await rm(folder, { recursive: true });
    },
  };
}
