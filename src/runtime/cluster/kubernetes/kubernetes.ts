import { randomBytes } from 'node:crypto';
import { KubeConfig } from '@kubernetes/client-node';
import type { Log } from '../../reconcile.ts';
import type { ApiObject, Cluster, Key, ListOptions, ResourceType } from '../cluster.ts';
import { ApiError, isApiError } from '../errors.ts';
import { client } from './client.ts';
import { collectionPath, labelSelector, objectPath } from './paths.ts';
import { openWatch, type Page, type WatchTimes } from './watch.ts';

const pageSize = '500';
const statusAttempts = 5;

type WithStatus = ApiObject & { status?: unknown };

interface ListAnswer<T> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

/**
 * The configuration of KUBECONFIG, of `~/.kube/config` or of the pod's service account, at its current context or the one
 * named. Throws with a sentence.
 */
export function loadConfig(path?: string, context?: string): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path) config.loadFromFile(path);
    else config.loadFromDefault();
  } catch (cause) {
    throw new Error(
      `the kubeconfig ${path ?? process.env.KUBECONFIG ?? ''} can't be read: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new Error(`the kubeconfig has no context "${context}"; it has ${names.join(', ') || 'none'}`);
    }
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster()) return config;
  throw new Error('there is no cluster to connect to: set KUBECONFIG, pass --kubeconfig, or run inside a cluster');
}

/** A real API server. */
export function kubernetesCluster(config: KubeConfig, log: Log, times?: Partial<WatchTimes>): Cluster {
  const send = client(config);
  const bare = ({ apiVersion, kind }: ResourceType) => ({ apiVersion, kind });

  async function* pages<T extends ApiObject>(type: ResourceType<T>, options: ListOptions): AsyncGenerator<Page<T>> {
    let next: string | undefined;
    do {
      const query = { limit: pageSize, continue: next, labelSelector: labelSelector(options.labels) };
      const answer = await send<ListAnswer<T>>({ method: 'GET', path: collectionPath(type, options.namespace), query });
      const { resourceVersion } = answer.metadata;
      // A list's items leave out what its head says of all.
      yield { items: answer.items.map((item) => ({ ...item, ...bare(type) })), resourceVersion };
      next = answer.metadata.continue;
    } while (next);
  }

  const put = <T extends ApiObject>(type: ResourceType<T>, object: T, subresource = '', fieldManager?: string) => {
    const path = `${objectPath(type, object.metadata)}${subresource}`;
    return send<T>({ method: 'PUT', path, query: { fieldManager }, body: object });
  };

  const cluster: Cluster = {
    async get<T extends ApiObject>(type: ResourceType<T>, key: Key) {
      try {
        return await send<T>({ method: 'GET', path: objectPath(type, key) });
      } catch (error) {
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      }
    },

    async list<T extends ApiObject>(type: ResourceType<T>, options: ListOptions = {}) {
      const all: T[] = [];
      for await (const { items } of pages(type, options)) all.push(...items);
      return all;
    },

    watch: (type, filter, handler) =>
      openWatch({ config, type, filter, pages: () => pages(type, filter), handler, log, times }),

    create: (type, object) =>
      send({ method: 'POST', path: collectionPath(type, object.metadata.namespace ?? 'default'), body: object }),

    apply: (type, object, { fieldManager, force }) =>
      send({
        method: 'PATCH',
        path: objectPath(type, object.metadata),
        query: { fieldManager, force: force ? 'true' : undefined },
        contentType: 'application/apply-patch+yaml',
        body: object,
      }),

    replace: (type, object, { fieldManager } = {}) => put(type, object, '', fieldManager),

    async replaceStatus(type, object) {
      if (object.metadata.resourceVersion) return put(type, object, '/status');
      // The API server wants a version; the caller wants this status whatever the version.
      for (let tries = 1; ; tries++) {
        const present = await cluster.get(type, object.metadata);
        if (!present) throw new ApiError('NotFound', `${type.plural} "${object.metadata.name}" not found`);
        const { status } = object as WithStatus;
        try {
          return await put(type, { ...present, status }, '/status');
        } catch (error) {
          if (tries === statusAttempts || !isApiError(error, 'Conflict')) throw error;
        }
      }
    },

    async delete(type, key, { uid, resourceVersion, gracePeriodSeconds } = {}) {
      const preconditions = uid || resourceVersion ? { uid, resourceVersion } : undefined;
      const body = { propagationPolicy: 'Background', preconditions, gracePeriodSeconds };
      try {
        await send({ method: 'DELETE', path: objectPath(type, key), body });
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
    },

    async emit(about, { type, reason, message }) {
      const { name, uid, namespace } = about.metadata;
      const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const home = namespace ?? 'default';
      const body = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace: home },
        involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid },
        type,
        reason,
        message: message.slice(0, 1024),
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: 'retune' },
        reportingComponent: 'retune',
      };
      await send({ method: 'POST', path: `/api/v1/namespaces/${home}/events`, body }).catch((error: unknown) =>
        log.debug('An event could not be recorded', { reason, error: String(error) }),
      );
    },
  };
  return cluster;
}
