import { mkdir } from 'node:fs/promises';
import { hostname, totalmem } from 'node:os';
import { type Node, nodes } from '../core-types.ts';
import { EmbeddedApi } from './api/api.ts';
import type { EmbeddedKind } from './api/kinds.ts';
import { startDeployments } from './controllers/deployments.ts';
import { type Services, startServices } from './controllers/services.ts';
import { type KubeletOptions, startKubelet } from './node/kubelet.ts';
import { startScheduler } from './node/scheduler.ts';

export interface EmbeddedOptions extends Pick<KubeletOptions, 'commandOf' | 'environment' | 'folder' | 'log'> {
  /** The kinds there are besides Kubernetes' own. */
  kinds: EmbeddedKind[];
  /** Labels of the one node, this machine. */
  nodeLabels: Record<string, string>;
}

export interface EmbeddedCluster {
  cluster: EmbeddedApi;
  services: Services;
  /** Ends every process and listener of the cluster. */
  stop(): Promise<void>;
}

function thisMachine(labels: Record<string, string>, cpus: number): Node {
  const amounts = { cpu: String(cpus), memory: `${Math.floor(totalmem() / 1024)}Ki` };
  const name =
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9.-]+/g, '-') || 'localhost';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    status: { allocatable: amounts, capacity: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/**
 * A cluster inside this process: an API server in memory, and this machine as its only node, on which pods are child
 * processes, Deployments are kept and Services are listeners. For a laptop, a demo and CI; it keeps nothing.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  const { kinds, log, folder, nodeLabels, commandOf, environment } = options;
  await mkdir(folder, { recursive: true });
  const api = new EmbeddedApi(kinds, log);
  const machine = thisMachine(nodeLabels, 0);
  const kubelet = startKubelet({ api, nodeName: machine.metadata.name, commandOf, environment, folder, log });
  const parts = [startScheduler(api), startDeployments(api, log)];
  const services = startServices(api);
  const registered = thisMachine(nodeLabels, kubelet.cpus.total);
  await api.create(nodes, registered);
  await api.replaceStatus(nodes, { ...registered, metadata: { name: registered.metadata.name } });
  return {
    cluster: api,
    services,
    async stop() {
      for (const part of parts) part.stop();
      services.stop();
      await kubelet.stop();
    },
  };
}
