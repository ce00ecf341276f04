import { hostname } from 'node:os';
import { durationMs } from '../api/units.ts';
import { serveHealth } from '../observe/http.ts';
import { createLog, type LogFormat } from '../observe/logging.ts';
import { operatorMetrics } from '../observe/operator-metrics.ts';
import { kubernetesCluster, loadConfig } from '../runtime/cluster/kubernetes/kubernetes.ts';
import { within } from '../runtime/cluster/within.ts';
import { runAsLeader } from '../runtime/leader.ts';
import { type Manager, manager } from '../runtime/manager.ts';
import { version } from '../runtime/version.ts';
import { openStore } from '../stores/open.ts';
import { controllers } from './controllers.ts';
import { collectOnSchedule } from './gc-schedule.ts';
import { openPage } from './page.ts';
import { storeSettings } from './store-settings.ts';
import { podSettings, podsVariable } from './worker-pods.ts';

export interface OperatorOptions {
  kubeconfig?: string;
  port: string;
  page: string;
  holdDown: string;
  namespaces?: string;
  labelKeys?: string;
  store?: string;
  gcInterval?: string;
  gcGrace: string;
  logFormat: LogFormat;
  logLevel: string;
}

/** A watch on which nothing was heard for so long hangs: connections are taken up anew twice a minute. */
const stuckAfterSeconds = 5 * 60;

/** Runs the operator until SIGTERM. Leads alone; a process that has lost the lease ends and is started again. */
export async function operator(options: OperatorOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const whole = kubernetesCluster(loadConfig(options.kubeconfig), log);
  const where = storeSettings(process.env, options.store);
  // Folders are the nodes' own, and mounted here only where someone did so for garbage to be collected.
  const store = openStore('uri' in where ? where.uri : `file://${where.mountPath}`);
  const namespace = process.env.RETUNE_NAMESPACE ?? 'retune-system';
  const image = process.env.RETUNE_IMAGE ?? 'retune:latest';
  // Probes of accelerators run in the operator's own namespace, whichever it looks after.
  const cluster = options.namespaces ? within(whole, [...options.namespaces.split(','), namespace]) : whole;
  const pods = podSettings(process.env[podsVariable]);
  const all = controllers({
    cluster,
    clock: Date.now,
    worker: { image, namespace, store: where, pods },
    holdDownMs: durationMs(options.holdDown),
    labelKeys: options.labelKeys?.split(','),
    told: { store, log },
  });
  const metrics = operatorMetrics(
    all.map(({ name }) => name),
    version,
  );
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
      const interval = options.gcInterval ?? process.env.RETUNE_GC_INTERVAL;
      const collecting = interval
        ? collectOnSchedule({
            ...{ cluster, store, log, clock: Date.now },
            ...{ intervalMs: durationMs(interval), graceMs: durationMs(options.gcGrace) },
            signal,
          })
        : undefined;
      await Promise.all([running.run(signal), collecting]);
      metrics.leading(false);
    },
    stopping.signal,
  );
  await Promise.all([server.close(), page.close()]);
  log.info('Stopped', { outcome });
  process.exitCode = outcome === 'Lost' ? 1 : 0;
}
