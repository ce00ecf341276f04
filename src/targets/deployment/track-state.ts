import type { TrackState } from '../../core/rollout/canary.ts';
import type { Container, Deployment, Pod } from '../../runtime/cluster/core-types.ts';
import { type ModelBinding, TargetError } from '../target.ts';

/** Waiting reasons that do not pass by waiting a little longer. */
const hopeless = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** The serving container: the one named, else the first. */
export function servingContainer(deployment: Deployment, { container }: ModelBinding): Container {
  const all = deployment.spec.template.spec.containers;
  const found = container ? all.find(({ name }) => name === container) : all[0];
  if (found) return found;
  const names = all.map(({ name }) => name).join(', ');
  throw new TargetError(
    'ContainerNotFound',
    `Deployment ${deployment.metadata.name} has no container "${container}": set spec.workloadRef.container to one of ${names}`,
  );
}

/** The URI in the environment variable of the binding. */
export function modelUri(deployment: Deployment, binding: ModelBinding): string {
  const container = servingContainer(deployment, binding);
  const value = container.env?.find(({ name }) => name === binding.env)?.value;
  if (value !== undefined) return value;
  throw new TargetError(
    'ModelNotBound',
    `container ${container.name} of Deployment ${deployment.metadata.name} sets no value for ${binding.env}: give it the URI of the model it serves, or name another variable in spec.workloadRef.env`,
  );
}

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

function podFailure(pod: Pod): string | undefined {
  for (const { name, state } of pod.status?.containerStatuses ?? []) {
    const reason = state?.waiting?.reason;
    if (reason && hopeless.has(reason)) {
      return `container ${name} of pod ${pod.metadata.name}: ${reason}${state.waiting?.message ? `, ${state.waiting.message}` : ''}`;
    }
  }
  return undefined;
}

function progressFailure({ status }: Deployment): string | undefined {
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  return progressing?.reason === 'ProgressDeadlineExceeded' ? progressing.message : undefined;
}

export function trackState(deployment: Deployment, pods: Pod[], binding: ModelBinding): TrackState {
  const done = settled(deployment);
  return {
    modelUri: modelUri(deployment, binding),
    settled: done,
    // A pod of an older template may crash while the new ones are fine.
    failure: done ? undefined : (pods.map(podFailure).find(Boolean) ?? progressFailure(deployment)),
  };
}
