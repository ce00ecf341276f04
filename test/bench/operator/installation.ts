/** The operator's place in a cluster without machines: its CRDs and role, and nodes that only say that they are there. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump, load, loadAll } from 'js-yaml';
import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { type Deployment, leases, nodes } from '../../../src/runtime/cluster/core-types.ts';
import type { TestCluster } from '../../cluster/cluster.ts';
import { auditLog } from '../../cluster/control-plane.ts';
import { accelerators, nodeLabel } from './objects.ts';

const namespace = 'retune-system';
const account = 'retune';

/** How the chart starts the operator. */
export interface Shipped {
  args: string[];
  env: Record<string, string>;
  /** The memory limit of its container, as a quantity; undefined without one. */
  memory: string | undefined;
}

/** What manifests/install.yaml has of the operator's container. */
export async function shipped(): Promise<Shipped> {
  const all = loadAll(await readFile('manifests/install.yaml', 'utf8')) as Deployment[];
  const [container] = all.find(({ kind }) => kind === 'Deployment')?.spec.template.spec.containers ?? [];
  if (!container) throw new Error('manifests/install.yaml has no operator: npm run generate');
  const told = (container.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  return {
    args: container.args ?? [],
    env: { ...Object.fromEntries(told), RETUNE_NAMESPACE: namespace },
    memory: container.resources?.limits?.memory,
  };
}

/** Installs everything but the operator itself; the kubeconfig of its service account. */
export async function install({ kubectl, kubeconfig, folder }: TestCluster): Promise<string> {
  const must = async (args: string[], input?: string) => {
    const { code, stdout, stderr } = await kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const all = loadAll(await readFile('manifests/install.yaml', 'utf8')) as { kind: string }[];
  const others = all.filter(({ kind }) => kind !== 'Deployment');
  await must(['apply', '--server-side', '-f', '-'], others.map((one) => dump(one)).join('---\n'));
  await must(['wait', '--for=condition=Established', '-f', 'crds/', '--timeout=30s']);
  const token = (await must(['create', 'token', account, '-n', namespace, '--duration=2h'])).trim();
  const config = load(await readFile(kubeconfig, 'utf8')) as { users: { user: object }[] };
  for (const one of config.users) one.user = { token };
  const path = join(folder, 'operator.kubeconfig');
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** Nodes of both accelerator types; nothing runs on them. Until `stop` is called they say that they live. */
export async function pretendNodes(cluster: Cluster): Promise<() => void> {
  const now = () => new Date().toISOString();
  for (const type of accelerators) {
    const metadata = { name: `node-${type}`, labels: { [nodeLabel]: type } };
    const made = await cluster.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata, spec: {} });
    const allocatable = { cpu: '64', memory: '256Gi', pods: '500' };
    const ready = { type: 'Ready', status: 'True' as const, reason: 'Bench', lastTransitionTime: now() };
    await cluster.replaceStatus(nodes, {
      ...made,
      status: { allocatable, capacity: allocatable, conditions: [ready] },
    });
  }
  const renew = async () => {
    for (const type of accelerators) {
      const key = { namespace: 'kube-node-lease', name: `node-${type}` };
      const spec = { holderIdentity: key.name, leaseDurationSeconds: 40, renewTime: now().replace('Z', '000Z') };
      const lease = { apiVersion: leases.apiVersion, kind: leases.kind, metadata: key, spec };
      await cluster.apply(leases, lease, { fieldManager: 'bench', force: true });
    }
  };
  await renew();
  const timer = setInterval(() => void renew().catch(() => undefined), 10_000);
  return () => clearInterval(timer);
}

/** Requests of the operator's account between two moments, by verb and resource, the most first. */
export async function requests(
  folder: string,
  fromMs: number,
  untilMs: number,
): Promise<[what: string, count: number][]> {
  const found = new Map<string, number>();
  for (const line of (await readFile(auditLog(folder), 'utf8')).split('\n')) {
    if (!line.includes(`serviceaccount:${namespace}:${account}"`) || !line.includes('"stage":"ResponseComplete"'))
      continue;
    const {
      requestReceivedTimestamp: at,
      verb,
      objectRef,
    } = JSON.parse(line) as {
      requestReceivedTimestamp: string;
      verb: string;
      objectRef?: { resource?: string; subresource?: string };
    };
    const ms = Date.parse(at);
    if (ms < fromMs || ms > untilMs) continue;
    const what = `${verb} ${objectRef?.resource}${objectRef?.subresource ? `/${objectRef.subresource}` : ''}`;
    found.set(what, (found.get(what) ?? 0) + 1);
  }
  return [...found].sort((a, b) => b[1] - a[1]);
}
