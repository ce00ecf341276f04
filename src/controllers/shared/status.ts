import { isDeepStrictEqual } from 'node:util';
import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import { isApiError } from '../../runtime/cluster/errors.ts';

/** As the wire would carry it: without undefined fields. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value ?? {})) as T;

/** Writes the status if it is another one than the object has. Every reconcile writes status at most once. */
export async function writeStatus<T extends ApiObject & { status?: unknown }>(
  cluster: Cluster,
  type: ResourceType<T>,
  object: T,
  status: T['status'],
): Promise<void> {
  if (isDeepStrictEqual(plain(status), plain(object.status))) return;
  await cluster.replaceStatus(type, { ...object, status });
}

/** Creates an object unless there is one of its name: names are deterministic, so it is the same one. */
export async function ensure<T extends ApiObject>(cluster: Cluster, type: ResourceType<T>, object: T): Promise<void> {
  await cluster.create(type, object).catch((error: unknown) => {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  });
}
