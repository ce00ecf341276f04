import type { Log } from '../../../reconcile.ts';
import type { ApiObject, ListOptions, Watch, WatchEvent } from '../../cluster.ts';
import { type Change, copy, type Store } from './store.ts';

export const selected = ({ metadata }: ApiObject, { namespace, labels = {} }: ListOptions): boolean =>
  (namespace === undefined || metadata.namespace === namespace) &&
  Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value);

/** A change as a watcher of some labels sees it: an object that no longer matches was deleted, as it last matched. */
function seen({ type, object, old }: Change, options: ListOptions): WatchEvent<ApiObject> | undefined {
  const now = type !== 'Deleted' && selected(object, options);
  const before = old !== undefined && selected(old, options);
  if (now) return { type: before ? 'Modified' : 'Added', object };
  if (!before) return undefined;
  const { resourceVersion } = object.metadata;
  return { type: 'Deleted', object: { ...old, metadata: { ...old.metadata, resourceVersion } } };
}

/**
 * Delivers what is there and what changes, in order, each time from a fresh turn of the event loop: as over a network,
 * a handler is never called inside the write that it hears of.
 */
export function openWatch<T extends ApiObject>(
  store: Store,
  collection: string,
  options: ListOptions,
  handler: (event: WatchEvent<T>) => void,
  log?: Log,
): Watch {
  const queue: WatchEvent<ApiObject>[] = store
    .rows(collection)
    .filter((object) => selected(object, options))
    .map((object) => ({ type: 'Added', object }));
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  let stopped = false;
  let scheduled = true;

  const drain = () => {
    scheduled = false;
    for (const { type, object } of queue.splice(0)) {
      if (stopped) break;
      try {
        handler({ type, object: copy(object) as T });
      } catch (error) {
        log?.error('a watch handler threw', { collection, object: object.metadata.name, error: String(error) });
      }
    }
    resolve();
  };
  const unlisten = store.listen((change) => {
    const event = change.collection === collection ? seen(change, options) : undefined;
    if (!event) return;
    queue.push(event);
    if (!scheduled) setImmediate(drain);
    scheduled = true;
  });
  setImmediate(drain);
  return {
    synced,
    // Nothing lies between the store and its watchers that could go silent.
    lastActivity: () => Date.now(),
    stop: () => {
      stopped = true;
      unlisten();
      resolve();
    },
  };
}
