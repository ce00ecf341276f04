import type { TrackState } from '../../core/rollout/canary.ts';
import type { Deployment, Pod } from '../../runtime/cluster/core-types.ts';
import { boundModel } from '../bindings/choose.ts';
import { podFailure } from '../pods.ts';
import type { ModelBinding } from '../target.ts';

/** True when every wanted pod runs the present template, is ready, and no older pod is left. */
export function settled({ metadata, spec, status }: Deployment): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted
  );
}

function progressFailure({ status }: Deployment): string | undefined {
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  return progressing?.reason === 'ProgressDeadlineExceeded' ? progressing.message : undefined;
}

export function trackState(deployment: Deployment, pods: Pod[], binding: ModelBinding): TrackState {
  const done = settled(deployment);
  return {
    modelUri: boundModel(`Deployment ${deployment.metadata.name}`, deployment.spec.template, binding),
    settled: done,
    // A pod of an older template may crash while the new ones are fine.
    failure: done ? undefined : (pods.map(podFailure).find(Boolean) ?? progressFailure(deployment)),
  };
}
