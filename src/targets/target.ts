import type { PatchType, RouteRef, WorkloadRef } from '../api/rollout.ts';
import type { TrackState } from '../core/rollout/canary.ts';
import type { Key } from '../runtime/cluster/cluster.ts';

/** Which pods a request may land on: the workload's own, or one of the two that a rollout adds beside it. */
export type Track = 'stable' | 'canary' | 'baseline';

/** Where in the workload the URI of the model stands. */
export type ModelBinding = Pick<WorkloadRef, 'container' | 'env' | 'binding'>;

/** What to roll out to, as an SLA names it. */
export interface Workload {
  key: Key;
  reference: WorkloadRef;
  route?: RouteRef;
  /** A GitOps tool that owns the model field was told to leave it alone. */
  fieldIgnoredByGitOps?: boolean;
  /** Pods of a canary get no requests before `admit` lets them. */
  gated?: boolean;
}

/** The rollout that is under way: what tells the model before from the one after where only one is written down. */
export interface PresentRollout {
  modelUri: string;
  previousUri: string;
}

/** Why a workload must not be changed although it can be read; a sentence that says what to do. */
export interface Unfit {
  reason: string;
  message: string;
}

/** A workload as a rollout target sees it, canary and baseline included. */
export interface TargetSnapshot {
  key: Key;
  /** Of the serving container, where there is one. */
  image?: string;
  /** The wanted number of replicas of the workload itself; read, never written. */
  replicas: number;
  tracks: { stable: TrackState; canary?: TrackState; baseline?: TrackState };
  /** The canary is a revision of the workload itself: there is no baseline, it is compared with what is stable. */
  inPlace: boolean;
  /** Percent of the requests that the canary is given; undefined where the target can't, or need not, be told. */
  weight?: number;
  pods: TargetPod[];
  /** Set when only mode Recommend is possible. */
  unfit?: Unfit;
}

export interface TargetPod {
  name: string;
  track: Track;
  address?: string;
  node?: string;
  ready: boolean;
  /** It answers what it has begun, and nothing else. */
  ending?: boolean;
  /** Its containers are ready, and it waits for `admit`. */
  waiting?: boolean;
}

/** Something a target can't do with this workload, said so that its owner can mend it. */
export class TargetError extends Error {
  readonly reason: 'ContainerNotFound' | 'ModelNotBound' | 'ModelAmbiguous' | 'ModelNotOci' | 'RouteUnfit';

  constructor(reason: TargetError['reason'], message: string) {
    super(message);
    this.name = 'TargetError';
    this.reason = reason;
  }
}

/** The change of `setModel` for people and pipelines that make it themselves. */
export interface ModelPatch {
  apiVersion: string;
  kind: string;
  type: PatchType;
  /** The body of the patch: an object, or a list of JSON Patch operations. */
  body: unknown;
}

/**
 * A way of serving one workload that variants can be rolled out to. Every method is idempotent and repeats safely
 * after a crash; none writes `replicas` of what is not Retune's own. A write that finds that someone else wrote in
 * between throws Conflict, and is done again from a fresh look.
 */
export interface RolloutTarget {
  /** What runs now; undefined when the workload is gone. Throws TargetError when it can't be read as a target. */
  observe(present?: PresentRollout): Promise<TargetSnapshot | undefined>;
  /** Makes pods with `modelUri` beside those of the present model, and a baseline with that unless `inPlace`. */
  ensureCanary(modelUri: string): Promise<void>;
  /** Gives the canary so many percent of the requests; 0 takes it out. Only where `weight` is told. */
  setWeight(percent: number): Promise<void>;
  /** Lets a pod that waits have its share of the requests, from `at` (RFC 3339); nothing where none waits. */
  admit(pod: string, at: string): Promise<void>;
  /** Takes away what `ensureCanary` made, step by step: it is called until no canary and no baseline is left. */
  removeCanary(present: PresentRollout): Promise<void>;
  /** Makes `modelUri` the model of the workload, and changes no other field of it. */
  setModel(modelUri: string): Promise<void>;
  /** The change that `setModel` would make; undefined when the workload is gone. */
  patch(modelUri: string): Promise<ModelPatch | undefined>;
}

/** Opens the target that serves a workload. */
export type TargetOf = (workload: Workload) => RolloutTarget;
