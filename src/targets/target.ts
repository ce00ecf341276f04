import type { TrackState } from '../core/rollout/canary.ts';
import type { Key } from '../runtime/cluster/cluster.ts';

/** Which pods a request may land on: the workload's own, or one of the two that a rollout adds beside it. */
export type Track = 'stable' | 'canary' | 'baseline';

/** Where in the workload the URI of the model stands. */
export interface ModelBinding {
  container?: string;
  env: string;
}

/** A workload as a rollout target sees it, canary and baseline included. */
export interface TargetSnapshot {
  key: Key;
  uid: string;
  container: string;
  /** The wanted number of replicas of the workload itself. */
  replicas: number;
  tracks: { stable: TrackState; canary?: TrackState; baseline?: TrackState };
  pods: TargetPod[];
}

export interface TargetPod {
  name: string;
  track: Track;
  address?: string;
  node?: string;
  ready: boolean;
}

/** Something a target can't do with this workload, said so that its owner can mend it. */
export class TargetError extends Error {
  readonly reason: 'ContainerNotFound' | 'ModelNotBound';

  constructor(reason: TargetError['reason'], message: string) {
    super(message);
    this.name = 'TargetError';
    this.reason = reason;
  }
}

/** A way of serving models that variants can be rolled out to. Every method is idempotent. */
export interface RolloutTarget {
  /** What runs now; undefined when the workload is gone. Throws TargetError when it can't be a target. */
  observe(key: Key, binding: ModelBinding): Promise<TargetSnapshot | undefined>;
  /** Makes a canary with `modelUri` and a baseline with the present model, one replica each, beside the workload. */
  ensureCanary(target: TargetSnapshot, binding: ModelBinding, modelUri: string): Promise<void>;
  removeCanary(target: TargetSnapshot): Promise<void>;
  /** Sets the model of the workload, and no other field of it. */
  setModel(target: TargetSnapshot, binding: ModelBinding, modelUri: string): Promise<void>;
  /** The patch that `setModel` would make, for people and pipelines that apply it themselves. */
  patch(target: TargetSnapshot, binding: ModelBinding, modelUri: string): string;
}
