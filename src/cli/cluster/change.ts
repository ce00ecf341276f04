import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import { isApiError } from '../../runtime/cluster/errors.ts';
import { RefusedError } from './failures.ts';

const mostTries = 5;

type WithStatus = ApiObject & { status?: unknown };

async function again<T extends ApiObject>(
  cluster: Cluster,
  type: ResourceType<T>,
  { metadata }: ApiObject,
  write: (present: T) => Promise<T>,
): Promise<T> {
  const { name, namespace } = metadata;
  for (let tries = 1; ; tries++) {
    const present = await cluster.get(type, { namespace, name });
    if (!present) throw new RefusedError(`${type.kind} "${name}" was deleted meanwhile`);
    try {
      return await write(present);
    } catch (error) {
      if (tries === mostTries || !isApiError(error, 'Conflict')) throw error;
    }
  }
}

/** Changes an object as `kubectl edit` would: read anew and tried again where another writer came first. */
export const change = <T extends ApiObject>(
  cluster: Cluster,
  type: ResourceType<T>,
  object: T,
  changed: (present: T) => T,
): Promise<T> => again(cluster, type, object, (present) => cluster.replace(type, changed(present)));

/** Changes the status of an object, in the same way. */
export const changeStatus = <T extends WithStatus>(
  cluster: Cluster,
  type: ResourceType<T>,
  object: T,
  changed: (present: T) => T['status'],
): Promise<T> =>
  again(cluster, type, object, (present) => cluster.replaceStatus(type, { ...present, status: changed(present) }));
