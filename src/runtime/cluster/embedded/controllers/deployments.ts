import { createHash } from 'node:crypto';
import { isTrue } from '../../../conditions.ts';
import type { Log } from '../../../reconcile.ts';
import { type Deployment, deployments, type Pod, pods } from '../../core-types.ts';
import { isApiError } from '../../errors.ts';
import type { EmbeddedApi } from '../api/api.ts';

const hashLabel = 'pod-template-hash';
const hashOf = ({ spec }: Deployment) =>
  createHash('sha256').update(JSON.stringify(spec.template)).digest('hex').slice(0, 10);
const isReady = ({ status }: Pod) => isTrue(status?.conditions, 'Ready');
const isOver = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** A count or a share of the replicas; shares of what may surge round up, of what may be missing down. */
function bound(value: number | string | undefined, replicas: number, round: (value: number) => number): number {
  if (typeof value !== 'string') return value ?? 0;
  return round((Number.parseFloat(value) / 100) * replicas);
}

function podOf(deployment: Deployment, hash: string, number: number): Pod {
  const { template } = deployment.spec;
  const { name, namespace, uid = '' } = deployment.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${hash}-${number.toString(36)}`,
      namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      annotations: template.metadata?.annotations,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true }],
    },
    spec: template.spec,
  };
}

export interface RollingStep {
  create: number;
  remove: Pod[];
}

/** One step of a rolling update: what may be added and removed now. Pure. */
export function rollingStep({ spec }: Pick<Deployment, 'spec'>, updated: Pod[], old: Pod[]): RollingStep {
  const wanted = spec.replicas ?? 1;
  const surge = bound(spec.strategy?.rollingUpdate?.maxSurge ?? 1, wanted, Math.ceil);
  const mayMiss = bound(spec.strategy?.rollingUpdate?.maxUnavailable ?? 0, wanted, Math.floor);
  const room = wanted + Math.max(surge, mayMiss === 0 ? 1 : 0) - updated.length - old.length;
  const create = Math.max(0, Math.min(wanted - updated.length, room));
  const available = [...updated, ...old].filter(isReady).length;
  let spare = available - (wanted - mayMiss);
  const remove = old
    .toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)))
    .filter((pod) => !isReady(pod) || spare-- > 0);
  return { create, remove: [...remove, ...updated.slice(wanted)] };
}

/** Keeps as many pods of each Deployment as it wants, of its present template, and replaces them without a gap. */
export function startDeployments(api: EmbeddedApi, log: Log): { stop(): void } {
  let number = 0;
  const queued = new Set<string>();

  async function sync(namespace: string | undefined, name: string): Promise<void> {
    const deployment = await api.get(deployments, { namespace, name });
    if (!deployment || deployment.metadata.deletionTimestamp) return;
    const hash = hashOf(deployment);
    const mine = (await api.list(pods, { namespace })).filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid),
    );
    const live = mine.filter((pod) => !pod.metadata.deletionTimestamp && !isOver(pod));
    const updated = live.filter(({ metadata }) => metadata.labels?.[hashLabel] === hash);
    const old = live.filter((pod) => !updated.includes(pod));
    const { create, remove } = rollingStep(deployment, updated, old);
    for (let i = 0; i < create; i++) {
      number += 1;
      await api.create(pods, podOf(deployment, hash, number));
    }
    for (const pod of [...remove, ...mine.filter(isOver)]) await api.delete(pods, pod.metadata);
    const available = live.filter(isReady).length;
    const wanted = deployment.spec.replicas ?? 1;
    const status: Deployment['status'] = {
      observedGeneration: deployment.metadata.generation,
      replicas: live.length + create - remove.length,
      updatedReplicas: updated.length + create,
      readyReplicas: available,
      availableReplicas: available,
      unavailableReplicas: Math.max(0, wanted - available),
    };
    await api.replaceStatus(deployments, { ...deployment, status });
  }

  const soon = (namespace: string | undefined, name: string) => {
    const key = `${namespace}/${name}`;
    if (queued.has(key)) return;
    queued.add(key);
    setImmediate(() => {
      queued.delete(key);
      sync(namespace, name).catch((error: unknown) => {
        if (isApiError(error, 'Conflict') || isApiError(error, 'NotFound')) soon(namespace, name);
        else log.error('A Deployment could not be kept', { name, error: String(error) });
      });
    });
  };
  const watches = [
    api.watch(deployments, {}, ({ object }) => soon(object.metadata.namespace, object.metadata.name)),
    api.watch(pods, {}, ({ object: { metadata } }) => {
      for (const { kind, name } of metadata.ownerReferences ?? [])
        if (kind === 'Deployment') soon(metadata.namespace, name);
    }),
  ];
  return {
    stop() {
      for (const watch of watches) watch.stop();
    },
  };
}
