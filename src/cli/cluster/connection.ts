import { createLog } from '../../observe/logging.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { client } from '../../runtime/cluster/kubernetes/client.ts';
import { kubernetesCluster, loadConfig } from '../../runtime/cluster/kubernetes/kubernetes.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { UsageError } from './failures.ts';

/** The flags that say which cluster, named as kubectl names them. */
export interface ConnectionOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

/** A cluster as a command sees it. */
export interface Connection {
  cluster: Cluster;
  namespace: string;
  /** Of the kubeconfig; for sentences. */
  context: string;
  server: string;
  /** What the API server says it is, such as v1.35.4. */
  version(): Promise<string>;
  clock: Clock;
}

/** The contexts of a kubeconfig. */
export const contexts = (kubeconfig?: string): string[] =>
  loadConfig(kubeconfig)
    .getContexts()
    .map(({ name }) => name);

/** Opens the cluster that the flags, KUBECONFIG or ~/.kube/config name; nothing is sent yet. Throws UsageError. */
export function connect({ kubeconfig, context, namespace }: ConnectionOptions): Connection {
  const config = loadConfig(kubeconfig, context);
  const name = config.getCurrentContext();
  const send = client(config);
  if (namespace === '') throw new UsageError('-n wants the name of a namespace');
  return {
    cluster: kubernetesCluster(config, createLog({ level: 'error', format: 'text' })),
    namespace: namespace ?? config.getContextObject(name)?.namespace ?? 'default',
    context: name,
    server: config.getCurrentCluster()?.server ?? '',
    version: async () => (await send<{ gitVersion?: string }>({ method: 'GET', path: '/version' })).gitVersion ?? '',
    clock: Date.now,
  };
}
