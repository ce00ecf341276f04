import { hostname } from 'node:os';
import { durationMs } from '../api/units.ts';
import { serveHealth } from '../observe/http.ts';
import { createLog, type LogFormat } from '../observe/logging.ts';
import { operatorMetrics } from '../observe/operator-metrics.ts';
import { kubernetesCluster, loadConfig } from '../runtime/cluster/kubernetes/kubernetes.ts';
import { runAsLeader } from '../runtime/leader.ts';
import { type Manager, manager } from '../runtime/manager.ts';
import { controllers } from './controllers.ts';
import { openPage } from './page.ts';

export interface OperatorOptions {
  kubeconfig?: string;
  port: string;
  page: string;
  holdDown: string;
  labelKeys?: string;
  logFormat: LogFormat;
  logLevel: string;
}

/** A watch on which nothing was heard for so long hangs: connections are taken up anew twice a minute. */
const stuckAfterSeconds = 5 * 60;

/** Runs the operator until SIGTERM. Leads alone; a process that has lost the lease ends and is started again. */
export async function operator(options: OperatorOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const cluster = kubernetesCluster(loadConfig(options.kubeconfig), log);
  const hostPath = process.env.RETUNE_STORE_HOST_PATH ?? '/var/lib/retune';
  const claimName = process.env.RETUNE_STORE_CLAIM;
  const namespace = process.env.RETUNE_NAMESPACE ?? 'retune-system';
  const image = process.env.RETUNE_IMAGE ?? 'retune:latest';
  const all = controllers({
    cluster,
    clock: Date.now,
    worker: { image, namespace, store: claimName ? { claimName } : { hostPath } },
    holdDownMs: durationMs(options.holdDown),
    labelKeys: options.labelKeys?.split(','),
  });
  const metrics = operatorMetrics(all.map(({ name }) => name));
  let running: Manager | undefined;
  metrics.watchAge(() => running?.watchAgeSeconds() ?? 0);
  const health = {
    alive: () => (running?.watchAgeSeconds() ?? 0) < stuckAfterSeconds,
    // One that waits for the lease is ready to take over.
    ready: () => running === undefined || running.ready(),
  };
  const server = await serveHealth({ port: Number(options.port), health, registry: metrics.registry });
  const page = await openPage({ address: options.page, cluster, log });

  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  const lease = { namespace, name: 'retune' };
  const identity = `${hostname()}_${process.pid}`;
  const outcome = await runAsLeader(
    { cluster, lease, identity, log },
    async (signal) => {
      metrics.leading(true);
      running = manager({ cluster, controllers: [...all, metrics.watching], observer: metrics, log });
      await running.run(signal);
      metrics.leading(false);
    },
    stopping.signal,
  );
  await Promise.all([server.close(), page.close()]);
  log.info('Stopped', { outcome });
  process.exitCode = outcome === 'Lost' ? 1 : 0;
}
