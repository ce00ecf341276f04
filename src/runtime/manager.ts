import type { Cluster, Watch } from './cluster/cluster.ts';
import { type Controller, type Observer, RunningController } from './controller.ts';
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

/**
 * Watches, queues and workers of all controllers. Nothing is reconciled before every watch has delivered its first
 * list: a controller never acts on an absence that is only not seen yet. Reads go to the API server each time (a cache
 * would be one more thing to be stale); what a reconcile costs is bounded by its few lists.
 */
export function manager({ cluster, controllers, observer, log, gracePeriodMs = 30_000 }: ManagerOptions): Manager {
  const watches: Watch[] = [];
  let ready = false;

  function start(controller: Controller): RunningController {
    const running = new RunningController(controller, observer, log);
    for (const { type, options = {}, map } of controller.watches) {
      watches.push(
        cluster.watch(type, options, ({ object, type: event }) =>
          map(object, event).forEach((key) => void running.enqueue(key)),
        ),
      );
    }
    return running;
  }

  return {
    ready: () => ready,
    watchAgeSeconds: () => {
      const oldest = Math.min(...watches.map((watch) => watch.lastActivity()));
      return Number.isFinite(oldest) ? (Date.now() - oldest) / 1000 : 0;
    },

    async run(signal) {
      const running = controllers.map(start);
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
