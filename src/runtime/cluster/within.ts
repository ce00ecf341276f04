import type { ApiObject, Cluster, ListOptions, ResourceType, Watch, WatchEvent } from './cluster.ts';

/** Several watches as one: synced when all are, and as silent as the one that has been silent for longest. */
function together(watches: Watch[]): Watch {
  return {
    synced: Promise.all(watches.map(({ synced }) => synced)).then(() => undefined),
    lastActivity: () => Math.min(...watches.map((watch) => watch.lastActivity())),
    stop: () => {
      for (const watch of watches) watch.stop();
    },
  };
}

/**
 * The cluster as an operator sees it that may read in `namespaces` alone (at least one): what asks for all namespaces
 * asks for each of these. Cluster-scoped objects, and requests that name a namespace, pass as they are: whether they are
 * allowed is for the API server to say.
 */
export function within(cluster: Cluster, namespaces: readonly string[]): Cluster {
  const places = [...new Set(namespaces)];
  if (places.length === 0) throw new Error('a cluster can only be narrowed to one namespace or more');
  const isWide = ({ namespaced }: ResourceType, { namespace }: ListOptions) => namespaced && namespace === undefined;

  return {
    get: (type, key) => cluster.get(type, key),
    async list<T extends ApiObject>(type: ResourceType<T>, options: ListOptions = {}) {
      if (!isWide(type, options)) return cluster.list(type, options);
      const lists = await Promise.all(places.map((namespace) => cluster.list(type, { ...options, namespace })));
      return lists.flat();
    },
    watch<T extends ApiObject>(type: ResourceType<T>, options: ListOptions, handler: (event: WatchEvent<T>) => void) {
      if (!isWide(type, options)) return cluster.watch(type, options, handler);
      return together(places.map((namespace) => cluster.watch(type, { ...options, namespace }, handler)));
    },
    create: (type, object) => cluster.create(type, object),
    apply: (type, object, options) => cluster.apply(type, object, options),
    replace: (type, object) => cluster.replace(type, object),
    replaceStatus: (type, object) => cluster.replaceStatus(type, object),
    delete: (type, key, options) => cluster.delete(type, key, options),
    emit: (about, event) => cluster.emit(about, event),
  };
}
