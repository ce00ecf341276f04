import { findCondition, isTrue } from '../../../conditions.ts';
import type { ContainerStatus, Pod, PodCondition } from '../../core-types.ts';

type Status = NonNullable<Pod['status']>;
type Phase = NonNullable<Status['phase']>;

export interface Observed {
  phase: Phase;
  ready: boolean;
  state: NonNullable<ContainerStatus['state']>;
  restarts: number;
  ip: string;
  startTime: string;
  reason?: string;
}

const own = new Set(['PodScheduled', 'ContainersReady', 'Ready']);

/** Whether all conditions are true that others must set before the pod is ready. */
export const gatesOpen = ({ spec, status }: Pod): boolean =>
  (spec.readinessGates ?? []).every(({ conditionType }) => isTrue(status?.conditions, conditionType));

/** A pod's status as the kubelet reports it, from what is known of its one process; conditions of others are kept. */
export function podStatus(pod: Pod, observed: Observed): Status {
  const { phase, ready, state, restarts, ip, startTime, reason } = observed;
  const condition = (type: string, value: boolean): PodCondition => {
    const status = value ? 'True' : 'False';
    const before = findCondition(pod.status?.conditions, type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : new Date().toISOString();
    return { type, status, lastTransitionTime };
  };
  return {
    phase,
    ...(reason && { reason }),
    podIP: ip,
    startTime,
    conditions: [
      ...(pod.status?.conditions ?? []).filter(({ type }) => !own.has(type)),
      condition('PodScheduled', true),
      condition('ContainersReady', ready),
      condition('Ready', ready && gatesOpen(pod)),
    ],
    containerStatuses: [{ name: pod.spec.containers[0]?.name ?? '', ready, restartCount: restarts, state }],
  };
}
