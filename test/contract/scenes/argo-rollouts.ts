import type { WorkloadRef } from '../../../src/api/rollout.ts';
import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { replicaSets } from '../../../src/runtime/cluster/core-types.ts';
import { hashLabel, type Rollout, rollouts } from '../../../src/targets/argo-rollouts/rollout.ts';
import { openTarget } from '../../../src/targets/open.ts';
import { newUri, oldUri, type Report, type Scene } from '../rollout-target.ts';
import { reportPod, templateOf } from './pods.ts';

const hashes: Record<string, string> = { [oldUri]: '6b8f7f9c5d', [newUri]: '7c9d8e4b6f' };

/** A Rollout with two steps. Its statuses, ReplicaSets and labels are what Argo's controller v1.8 writes. */
export async function argoRolloutsScene(
  cluster: Cluster,
  name: string,
  { binding, namespace = 'default' }: { binding?: WorkloadRef['binding']; namespace?: string } = {},
): Promise<Scene> {
  const metadata = { name, namespace };
  const { apiVersion, kind } = rollouts;
  const spec = {
    ...{ replicas: 3, selector: { matchLabels: { app: name } }, template: templateOf(name, oldUri) },
    strategy: { canary: { steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }] } },
  };
  await cluster.apply(rollouts, { apiVersion, kind, metadata, spec }, { fieldManager: 'user' });

  async function replicaSet(uri: string, ready: boolean, count: number): Promise<void> {
    const hash = hashes[uri] ?? '';
    const template = templateOf(name, uri);
    const its = { name: `${name}-${hash}`, namespace };
    const labels = { ...template.metadata.labels, [hashLabel]: hash };
    // Not the pods': a real controller of ReplicaSets would delete those that are too many for it.
    const apart = { ...labels, scene: 'read-only' };
    const marked = { ...template, metadata: { ...template.metadata, labels: apart } };
    const selector = { matchLabels: apart };
    if (!(await cluster.get(replicaSets, its))) {
      const set = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: its };
      await cluster.create(replicaSets, { ...set, spec: { replicas: 0, selector, template: marked } as never });
    }
    for (let i = 0; i < count; i++) await reportPod(cluster, { name: `${its.name}-${i}`, namespace, labels, ready });
  }

  async function status(change: Rollout['status'] & object): Promise<void> {
    const live = await cluster.get(rollouts, metadata);
    if (!live) return;
    const observedGeneration = String(live.metadata.generation);
    await cluster.replaceStatus(rollouts, { ...live, status: { ...live.status, observedGeneration, ...change } });
  }

  const reference: WorkloadRef = { kind: 'Rollout', name, env: 'RETUNE_MODEL', binding };
  const workload = { key: metadata, reference };
  const [old, fresh] = [hashes[oldUri], hashes[newUri]];
  const startTime = '2026-01-01T00:00:00Z';
  return {
    ...{ cluster, workload, type: rollouts, target: openTarget(cluster)(workload) },
    async report(what: Report) {
      await replicaSet(oldUri, true, 3);
      const idle = { abort: undefined, pauseConditions: undefined, message: undefined };
      const live = await cluster.get(rollouts, metadata);
      const isNew = JSON.stringify(live?.spec.template).includes(newUri.slice('oci://'.length));
      if (what === 'Serving' || (what === 'Restored' && !isNew)) {
        return status({ ...idle, currentPodHash: old, stableRS: old, phase: 'Healthy' });
      }
      await replicaSet(newUri, what !== 'CanaryFailed', 1);
      if (what === 'Promoted') return status({ ...idle, currentPodHash: fresh, stableRS: fresh, phase: 'Healthy' });
      const paused = { phase: 'Paused' as const, pauseConditions: [{ reason: 'CanaryPauseStep', startTime }] };
      if (what === 'CanaryReady')
        return status({ ...paused, currentPodHash: fresh, stableRS: old, controllerPause: true });
      const message = 'RolloutAborted: Rollout aborted update to revision 2';
      await status({ currentPodHash: fresh, stableRS: old, phase: 'Degraded', message, abort: true });
    },
    beside: async () => [],
  };
}
