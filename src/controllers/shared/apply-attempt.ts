import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { type Attempts, podName, type Settled } from './attempt.ts';
import { ensure, writeStatus } from './status.ts';

/** Writes what was decided, then starts the pod or clears up those that are no longer needed. */
export async function applyAttempt<S extends Attempts, T extends ApiObject & { status?: S }>(
  cluster: Cluster,
  type: ResourceType<T>,
  object: T,
  { status, start, events, finished }: Settled<S>,
  makePod: (name: string) => Pod,
): Promise<void> {
  await writeStatus(cluster, type, object, status);
  for (const event of events) await cluster.emit(object, event);
  const { namespace, name } = object.metadata;
  if (start) await ensure(cluster, pods, makePod(start));
  // The result is in status by now: the pods have nothing more to say.
  const over = finished ? (status.attempts ?? 0) + 1 : (status.attempts ?? 0);
  for (let attempt = 0; attempt < over; attempt++) {
    const pod = await cluster.get(pods, { namespace, name: podName(name, attempt) });
    if (pod && !pod.metadata.deletionTimestamp) await cluster.delete(pods, pod.metadata);
  }
}
