import { labels } from '../api/common.ts';
import type { Pod } from '../runtime/cluster/core-types.ts';
import { isTrue } from '../runtime/conditions.ts';
import { isWaiting } from './admission.ts';
import type { TargetPod, Track } from './target.ts';

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

/** Why a pod can't become ready, when that is certain. */
export function podFailure({ metadata, status }: Pod): string | undefined {
  for (const { name, state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const reason = state?.waiting?.reason;
    if (reason && hopeless.has(reason)) {
      return `container ${name} of pod ${metadata.name}: ${reason}${state.waiting?.message ? `, ${state.waiting.message}` : ''}`;
    }
  }
  return undefined;
}

/** The track that a pod's label tells; that of the workload where it has none. */
export function trackOf(pod: Pod): Track {
  const track = pod.metadata.labels?.[labels.track];
  return track === 'canary' || track === 'baseline' ? track : 'stable';
}

export const isReady = ({ metadata, status }: Pod): boolean =>
  !metadata.deletionTimestamp && isTrue(status?.conditions, 'Ready');

/** What a pod is to the readers of latency; one about to end still answers, but is not ready. */
export const targetPod = (pod: Pod, track: Track): TargetPod => ({
  name: pod.metadata.name,
  track,
  address: pod.status?.podIP,
  node: pod.spec.nodeName,
  ready: isReady(pod),
  ...(pod.metadata.deletionTimestamp && { ending: true }),
  ...(isWaiting(pod) && { waiting: true }),
});
