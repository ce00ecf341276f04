import { setTimeout as sleep } from 'node:timers/promises';
import { type KubeConfig, Watch as Stream } from '@kubernetes/client-node';
import type { Log } from '../../reconcile.ts';
import type { ApiObject, ListOptions, ResourceType, Watch, WatchEvent } from '../cluster.ts';
import { collectionPath, labelSelector } from './paths.ts';

/** A page of a list, and the version of the collection that a watch goes on from. */
export interface Page<T> {
  items: T[];
  resourceVersion: string;
}

export interface WatchTimes {
  /** A list repairs whatever a watch could have missed. */
  resyncMs: number;
  retryMs: number;
}

export const defaultTimes: WatchTimes = { resyncMs: 10 * 60_000, retryMs: 1000 };

/** The server no longer has the history from this version on: list again. */
class Expired extends Error {}

/**
 * What is remembered of each object, to tell changes by and to tell that it is gone. Its status is most of an object, and
 * whoever needs it keeps it.
 */
function withoutStatus<T extends ApiObject>(object: T): T {
  const { status: _, ...rest } = object as T & { status?: unknown };
  return rest as T;
}

const nameOf = ({ metadata: { namespace = '', name } }: ApiObject) => `${namespace}/${name}`;

/**
 * Lists, then follows. After a break it goes on from the last version it heard of; only where the server has forgotten
 * that one (410) does it list again, and tells the difference. It ends when it is stopped and for no other reason.
 */
export function openWatch<T extends ApiObject>(options: {
  config: KubeConfig;
  type: ResourceType<T>;
  filter: ListOptions;
  pages: () => AsyncIterable<Page<T>>;
  handler: (event: WatchEvent<T>) => void;
  log: Log;
  times?: Partial<WatchTimes>;
}): Watch {
  const { config, type, filter, pages, handler, log } = options;
  const times = { ...defaultTimes, ...options.times };
  const stopping = new AbortController();
  const { signal } = stopping;
  const known = new Map<string, T>();
  const { promise: synced, resolve: nowSynced } = Promise.withResolvers<void>();
  let heardMs = Date.now();
  let version = '';
  let connection: AbortController | undefined;

  const tell = (event: WatchEvent<T>) => {
    if (signal.aborted) return;
    try {
      handler(event);
    } catch (error) {
      log.error('A watch handler threw', { kind: type.kind, error: String(error) });
    }
  };

  function present(object: T): void {
    const before = known.get(nameOf(object));
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    // Who set which field is as long as the rest, and no watch is about that.
    delete object.metadata.managedFields;
    known.set(nameOf(object), withoutStatus(object));
    // The same name with another uid is another object: the first one's end fell into a break.
    if (before && before.metadata.uid !== object.metadata.uid) tell({ type: 'Deleted', object: before });
    tell({ type: before?.metadata.uid === object.metadata.uid ? 'Modified' : 'Added', object });
  }

  function gone(object: T): void {
    if (known.delete(nameOf(object))) tell({ type: 'Deleted', object });
  }

  async function relist(): Promise<void> {
    const names = new Set<string>();
    let listed = '';
    // A page at a time: a kind may have more than this process can hold at once.
    for await (const { items, resourceVersion } of pages()) {
      heardMs = Date.now();
      for (const object of items) {
        names.add(nameOf(object));
        present(object);
      }
      listed = resourceVersion;
    }
    for (const [name, object] of [...known]) if (!names.has(name)) gone(object);
    version = listed;
    nowSynced();
  }

  function heard(kind: string, object: T & { code?: number; message?: string }): void {
    heardMs = Date.now();
    if (kind === 'ERROR') throw object.code === 410 ? new Expired() : new Error(object.message);
    version = object.metadata.resourceVersion ?? version;
    if (kind === 'DELETED') gone(object);
    else if (kind !== 'BOOKMARK') present(object);
  }

  /** One connection, until it ends. Throws Expired, or what broke it. */
  function follow(seconds: number): Promise<void> {
    const stream = new Stream(config);
    const query = {
      resourceVersion: version,
      allowWatchBookmarks: true,
      timeoutSeconds: seconds,
      labelSelector: labelSelector(filter.labels),
    };
    return new Promise((resolve, reject) => {
      let failure: Error | undefined;
      const opened = stream.watch(
        collectionPath(type, filter.namespace),
        query,
        (kind, object) => {
          if (failure || signal.aborted) return;
          try {
            heard(kind, object);
          } catch (error) {
            failure = error as Error;
          }
        },
        (error: unknown) => {
          if ((error as { statusCode?: number } | null)?.statusCode === 410) failure = new Expired();
          // The client ends a connection that has been silent for 30 s: a dead one would never tell.
          const silent = (error as Error | null)?.name === 'TimeoutError';
          if (failure) reject(failure);
          else if (error && !silent && !signal.aborted) reject(error);
          else resolve();
        },
      );
      // A connection that was taken up is a sign of life, also where nothing ever changes.
      void opened.then(
        (controller) => {
          connection = controller;
          if (signal.aborted) controller.abort();
          else if (!controller.signal.aborted) heardMs = Date.now();
        },
        () => undefined,
      );
    });
  }

  async function run(): Promise<void> {
    let nextListMs = 0;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (Date.now() >= nextListMs) {
          await relist();
          nextListMs = Date.now() + times.resyncMs;
        }
        await follow(Math.max(1, Math.ceil((nextListMs - Date.now()) / 1000)));
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (error instanceof Expired) nextListMs = 0;
        else log.warn('A watch broke and is taken up again', { kind: type.kind, error: String(error) });
        const pauseMs = Math.min(30_000, times.retryMs * 2 ** Math.min(5, failures - 1)) * (0.5 + Math.random());
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  void run();
  return {
    synced,
    lastActivity: () => heardMs,
    stop: () => {
      stopping.abort();
      connection?.abort();
      nowSynced();
    },
  };
}
