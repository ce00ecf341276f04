import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { binaries } from './binaries.ts';
import { addresses, kubeconfigOf, nodeNames, startApiServer, startControlPlane } from './control-plane.ts';
import { buildImages } from './images.ts';
import { prefix, sweep, sweepLeftovers } from './leftovers.ts';
import { removeNetwork, startNode, startProxy } from './nodes.ts';
import { packages } from './packages.ts';
import { Processes } from './process.ts';

export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

/** Any cluster that tests may use. */
export interface ApiServer {
  /** Path of an administrator's kubeconfig. */
  kubeconfig: string;
  /** Runs kubectl as administrator; `input` is its standard input. */
  kubectl(args: string[], input?: string): Promise<Output>;
  /** Kills the API server and starts it again; undefined where it is not ours to kill. */
  restart?(): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster of our own, from source. */
export interface TestCluster extends ApiServer {
  folder: string;
  bin: string;
  processes: Processes;
}

export const say = (line: string) => void process.stderr.write(`cluster: ${line}\n`);

/** Why there can be no cluster of our own on this machine; undefined when there can. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version')) return 'it is built for Debian only';
  if (process.getuid?.() !== 0) return 'it needs root, for network and cgroups';
  return undefined;
}

export function kubectlWith(program: string, kubeconfig: string): ApiServer['kubectl'] {
  return (args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, ['--kubeconfig', kubeconfig, ...args]);
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (data) => (stdout += data));
      child.stderr.on('data', (data) => (stderr += data));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
      child.stdin.end(input ?? '');
    });
}

/** The cluster that KUBECONFIG offers; tests make namespaces and Retune's CRDs there, and leave the CRDs. */
export const offeredCluster = (kubeconfig: string): ApiServer => ({
  kubeconfig,
  kubectl: kubectlWith('kubectl', kubeconfig),
  stop: async () => undefined,
});

/** Builds, once a machine, and starts a control plane of its own. */
export async function startCluster(): Promise<TestCluster> {
  await packages(say);
  const bin = await binaries(say);
  await sweepLeftovers(nodeNames);
  const folder = await mkdtemp(prefix);
  await mkdir(join(folder, 'certificates'));
  const processes = new Processes(folder);
  const stop = async () => {
    await processes.stop();
    await sweep(folder, nodeNames);
    await removeNetwork(bin);
  };
  const started = performance.now();
  try {
    await startControlPlane(processes, bin, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  say(`control plane ready after ${((performance.now() - started) / 1000).toFixed(1)} s; logs in ${folder}`);
  const kubeconfig = kubeconfigOf(folder, 'admin');
  return {
    ...{ folder, bin, kubeconfig, processes, kubectl: kubectlWith(join(bin, 'kubectl'), kubeconfig), stop },
    async restart() {
      await processes.stop('kube-apiserver');
      await startApiServer(processes, bin, folder);
    },
  };
}

/** Two nodes of two accelerator types, and the proxy that makes Services work. */
export async function addNodes({ processes, bin, folder }: TestCluster): Promise<void> {
  const { pause, retune, retuneWithoutAvx } = await buildImages(say);
  const labels = (type: string) => ({ 'retune.dev/accelerator-type': type });
  await Promise.all([
    startNode(processes, bin, folder, {
      ...{ name: 'node-a', address: addresses[0], subnet: 1, labels: labels('avx'), images: [pause, retune] },
    }),
    startNode(processes, bin, folder, {
      ...{ name: 'node-b', address: addresses[1], subnet: 2, labels: labels('sse'), images: [pause, retuneWithoutAvx] },
    }),
  ]);
  await startProxy(processes, bin, folder);
}
