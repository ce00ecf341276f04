import type { ApiObject, ResourceType } from '../../runtime/cluster/cluster.ts';
import type { PodTemplate } from '../../runtime/cluster/core-types.ts';

/** The parts of a Rollout of Argo (argoproj.io/v1alpha1) that are read or written here. */
export interface Rollout extends ApiObject {
  spec: {
    replicas?: number;
    selector?: { matchLabels?: Record<string, string> };
    template: PodTemplate;
    workloadRef?: { kind?: string; name?: string };
    strategy?: { canary?: { steps?: unknown[] } & Record<string, unknown>; blueGreen?: Record<string, unknown> };
    paused?: boolean;
  };
  status?: RolloutStatusOfArgo;
}

export interface RolloutStatusOfArgo {
  /** A number, written as a string. */
  observedGeneration?: string;
  /** Hash of the template in the spec, and of the one that all replicas had last. */
  currentPodHash?: string;
  stableRS?: string;
  phase?: 'Healthy' | 'Degraded' | 'Progressing' | 'Paused';
  message?: string;
  abort?: boolean;
  pauseConditions?: { reason: string; startTime: string }[];
  controllerPause?: boolean;
}

export const rollouts: ResourceType<Rollout> = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  plural: 'rollouts',
  namespaced: true,
};

/** On every pod: the hash of its template. */
export const hashLabel = 'rollouts-pod-template-hash';
