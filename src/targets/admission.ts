import type { Cluster, Key } from '../runtime/cluster/cluster.ts';
import { type Pod, type PodCondition, type PodSpec, pods } from '../runtime/cluster/core-types.ts';
import { isTrue } from '../runtime/conditions.ts';

/** The condition that says that a pod answers as its variant should (Kubernetes, "Pod readiness gate"). */
const answersGate = 'retune.dev/answers';

/** A pod of this spec is not ready before `admit` lets it. */
export const withGate = (spec: PodSpec): PodSpec => ({
  ...spec,
  readinessGates: [...(spec.readinessGates ?? []), { conditionType: answersGate }],
});

const isGated = ({ readinessGates = [] }: PodSpec) =>
  readinessGates.some(({ conditionType }) => conditionType === answersGate);

/** Whether nothing but the gate keeps a pod from being ready. */
export const isWaiting = ({ metadata, spec, status }: Pod): boolean =>
  !metadata.deletionTimestamp &&
  isGated(spec) &&
  !isTrue(status?.conditions, answersGate) &&
  isTrue(status?.conditions, 'ContainersReady');

/** Opens the gate of a pod that waits; the kubelet makes it ready then. Throws Conflict when it was reported meanwhile. */
export async function admit(cluster: Cluster, key: Key, at: string): Promise<void> {
  const pod = await cluster.get(pods, key);
  if (!pod || !isWaiting(pod)) return;
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== answersGate);
  const open: PodCondition = {
    ...{ type: answersGate, status: 'True', reason: 'AsJudged' },
    lastTransitionTime: at,
  };
  await cluster.replaceStatus(pods, { ...pod, status: { ...pod.status, conditions: [...others, open] } });
}
