import type { Cluster, Watch } from './cluster/cluster.ts';
import { type Controller, type Observer, RunningController, type Watched } from './controller.ts';
import type { Log } from './reconcile.ts';

export interface ManagerOptions {
  cluster: Cluster;
  controllers: Controller[];
  observer: Observer;
  log: Log;
  /** How long a shutdown may take before it is given up. */
  gracePeriodMs?: number;
}

export interface Manager {
  /** Runs until `signal` is aborted, then stops within the grace period. */
  run(signal: AbortSignal): Promise<void>;
  /** Every watch has delivered what there was at the start. */
  ready(): boolean;
  /** Seconds since anything was heard on the watch that has been silent for longest; 0 when none runs. */
  watchAgeSeconds(): number;
}

/** The same for watches that are told the same. */
const placeOf = ({ type, options = {} }: Watched): string => {
  const labels = Object.entries(options.labels ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return JSON.stringify([type.apiVersion, type.plural, options.namespace, labels]);
};

/**
 * Watches, queues and workers of all controllers. Nothing is reconciled before every watch has delivered its first
 * list: a controller never acts on an absence that is only not seen yet. Reads go to the API server each time (a cache
 * would be one more thing to be stale); what a reconcile costs is bounded by its few lists.
 */
export function manager({ cluster, controllers, observer, log, gracePeriodMs = 30_000 }: ManagerOptions): Manager {
  const watches: Watch[] = [];
  let ready = false;

  /** What several controllers watch is listed, followed and held once. */
  function watchAll(running: readonly RunningController[]): void {
    const shared = Map.groupBy(
      running.flatMap((one) => one.watches.map((watched) => ({ one, watched }))),
      ({ watched }) => placeOf(watched),
    );
    for (const listeners of shared.values()) {
      const [{ watched: first }] = listeners as [(typeof listeners)[number]];
      watches.push(
        cluster.watch(first.type, first.options ?? {}, ({ object, type: event }) => {
          for (const { one, watched } of listeners) {
            for (const key of watched.map(object, event)) one.enqueue(key);
          }
        }),
      );
    }
  }

  return {
    ready: () => ready,
    watchAgeSeconds: () => {
      const oldest = Math.min(...watches.map((watch) => watch.lastActivity()));
      return Number.isFinite(oldest) ? (Date.now() - oldest) / 1000 : 0;
    },

    async run(signal) {
      const running = controllers.map((controller) => new RunningController(controller, observer, log));
      watchAll(running);
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await Promise.race([Promise.all(watches.map(({ synced }) => synced)), stopped]);
      if (!signal.aborted) {
        ready = true;
        for (const controller of running) controller.start();
        await stopped;
      }
      ready = false;
      for (const watch of watches.splice(0)) watch.stop();
      let timer: NodeJS.Timeout | undefined;
      const expired = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          log.warn('Reconciles were still running when the grace period ended');
          resolve();
        }, gracePeriodMs);
      });
      await Promise.race([Promise.all(running.map((controller) => controller.stop())), expired]);
      clearTimeout(timer);
    },
  };
}
