import type { TrackState } from '../../core/rollout/canary.ts';
import type { Pod, PodTemplate } from '../../runtime/cluster/core-types.ts';
import { boundModel } from '../bindings/choose.ts';
import { isReady, podFailure } from '../pods.ts';
import { type ModelBinding, type PresentRollout, TargetError, type Track, type Unfit } from '../target.ts';
import { hashLabel, type Rollout } from './rollout.ts';

/** The model in the spec: the one to come while a rollout is under way. Throws TargetError without a template. */
export function specModel({ metadata, spec }: Rollout, binding: ModelBinding): string {
  if (spec.template) return boundModel(`Rollout ${metadata.name}`, spec.template, binding);
  const { kind = 'Deployment', name = '' } = spec.workloadRef ?? {};
  throw new TargetError(
    'ModelNotBound',
    `Rollout ${metadata.name} takes its pods from ${kind} ${name} (spec.workloadRef): give it a template of its own, in which the model can be set`,
  );
}

/** Whether Argo's controller has seen the present spec. */
export const observed = ({ metadata, status }: Rollout): boolean =>
  Number(status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);

/** All replicas have the template of the spec, as far as the controller has seen. */
export const fullyPromoted = (rollout: Rollout): boolean =>
  observed(rollout) &&
  rollout.status?.stableRS !== undefined &&
  rollout.status.stableRS === rollout.status.currentPodHash;

export function trackOfPod({ status }: Rollout, pod: Pod): Track {
  const hash = pod.metadata.labels?.[hashLabel];
  return status?.stableRS !== status?.currentPodHash && hash === status?.currentPodHash ? 'canary' : 'stable';
}

/** What went wrong for good, as Argo says it: its own analysis, an abort by hand, a deadline. */
function argoFailure({ status }: Rollout): string | undefined {
  if (status?.abort) return status.message ?? 'the Rollout was aborted';
  return status?.phase === 'Degraded' ? (status.message ?? 'the Rollout is Degraded') : undefined;
}

/**
 * What the ReplicaSets of a Rollout are to a rollout of ours. `stableTemplate` is the template that all replicas had
 * last: its model is what is stable, whatever the spec says by now.
 */
export function tracksOf(
  rollout: Rollout,
  stableTemplate: PodTemplate | undefined,
  pods: Pod[],
  { binding, present }: { binding: ModelBinding; present: PresentRollout | undefined },
): { stable: TrackState; canary?: TrackState } {
  const wanted = specModel(rollout, binding);
  const name = `Rollout ${rollout.metadata.name}`;
  const stableModel = stableTemplate ? boundModel(name, stableTemplate, binding) : wanted;
  const failure = observed(rollout) ? argoFailure(rollout) : undefined;
  if (wanted === stableModel) {
    const settled = fullyPromoted(rollout) && rollout.status?.phase === 'Healthy';
    return { stable: { modelUri: wanted, settled, failure: settled ? undefined : failure } };
  }
  // Neither the one nor the other of a rollout of ours: someone else wrote a model, and a rollout of theirs runs.
  if (wanted !== present?.modelUri && wanted !== present?.previousUri) {
    return { stable: { modelUri: wanted, settled: false } };
  }
  const of = (track: Track) =>
    pods.filter((pod) => trackOfPod(rollout, pod) === track && !pod.metadata.deletionTimestamp);
  const newest = of('canary');
  return {
    stable: { modelUri: stableModel, settled: of('stable').some(isReady) },
    canary: {
      modelUri: wanted,
      settled: observed(rollout) && newest.length > 0 && newest.every(isReady),
      failure: failure ?? newest.map(podFailure).find(Boolean),
    },
  };
}

/** Why no canary can be rolled out to this Rollout. */
export function unfitOf(rollout: Rollout, present: PresentRollout | undefined): Unfit | undefined {
  const { name } = rollout.metadata;
  if (!rollout.spec.strategy?.canary) {
    const message = `Rollout ${name} is no canary: a blue-green preview gets no requests to be compared by. Give it spec.strategy.canary with steps, or set spec.mode to Recommend`;
    return { reason: 'CanaryUnsupported', message };
  }
  if (!rollout.spec.strategy.canary.steps?.length) {
    const message = `Rollout ${name} has no steps, so a new model would get all requests at once: give spec.strategy.canary.steps a setWeight and a pause without duration, which ends when the comparison passes`;
    return { reason: 'CanaryUnsupported', message };
  }
  if (present === undefined && !fullyPromoted(rollout)) {
    const message = `Rollout ${name} is in the middle of a rollout of someone else's: it is left alone until that ends`;
    return { reason: 'RolloutUnderWay', message };
  }
  return undefined;
}
