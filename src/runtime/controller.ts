import type { ApiObject, Key, ListOptions, ResourceType, WatchEvent } from './cluster/cluster.ts';
import { isApiError } from './cluster/errors.ts';
import { WorkQueue } from './queue.ts';
import { type Log, type Reconcile, TerminalError } from './reconcile.ts';

export type Outcome = 'success' | 'requeue_after' | 'requeue' | 'error' | 'terminal';

/** Which objects a change concerns: the names to reconcile. */
export interface Watched<T extends ApiObject = ApiObject> {
  type: ResourceType<T>;
  options?: ListOptions;
  map(object: T, event: WatchEvent<T>['type']): Key[];
}

export interface Controller {
  name: string;
  reconcile: Reconcile;
  /** How many objects are worked on at once; never one twice. */
  concurrency?: number;
  // biome-ignore lint/suspicious/noExplicitAny: a list of watches of different types
  watches: Watched<any>[];
}

/** What is told of every reconcile; metrics are made of it. */
export interface Observer {
  reconciled(controller: string, outcome: Outcome, seconds: number): void;
  queueDepth(controller: string, depth: number): void;
}

const separator = '/';
export const keyText = ({ namespace, name }: Key) => (namespace ? `${namespace}${separator}${name}` : name);
const parseKey = (text: string): Key => {
  const at = text.indexOf(separator);
  return at < 0 ? { name: text } : { namespace: text.slice(0, at), name: text.slice(at + 1) };
};

/** The object itself, for a controller's own kind. */
export const itself = ({ metadata: { namespace, name } }: ApiObject): Key[] => [{ namespace, name }];

/**
 * What `map` says, when `aspect` of an object is not what it was the last time, and when the object goes: for whoever goes
 * by a part of it while others write the rest.
 */
export function whenChanged<T extends ApiObject>(aspect: (object: T) => unknown, map: Watched<T>['map']): typeof map {
  const seen = new Map<string, string>();
  return (object, event) => {
    const { namespace = '', name } = object.metadata;
    const [id, now] = [`${namespace}/${name}`, JSON.stringify(aspect(object))];
    if (event === 'Deleted') seen.delete(id);
    else if (seen.get(id) === now) return [];
    else seen.set(id, now);
    return map(object, event);
  };
}

/**
 * The object itself, when its spec or its being there has changed: for a controller that writes what it measured into
 * status each time, and would otherwise be woken by that.
 */
export const itselfWhenAsked = () =>
  whenChanged(({ metadata: { uid, generation, deletionTimestamp } }) => [uid, generation, deletionTimestamp], itself);

/** The owner of a kind, for a controller's children. */
export const owner =
  (kind: string) =>
  ({ metadata }: ApiObject): Key[] =>
    (metadata.ownerReferences ?? [])
      .filter((reference) => reference.kind === kind)
      .map(({ name }) => ({ namespace: metadata.namespace, name }));

/** A controller that runs: its queue and its workers. */
export class RunningController {
  readonly queue = new WorkQueue();
  readonly #controller: Controller;
  readonly #observer: Observer;
  readonly #log: Log;
  readonly #abort = new AbortController();
  #workers: Promise<void>[] = [];

  constructor(controller: Controller, observer: Observer, log: Log) {
    this.#controller = controller;
    this.#observer = observer;
    this.#log = log;
  }

  get watches(): Controller['watches'] {
    return this.#controller.watches;
  }

  enqueue(key: Key): void {
    this.queue.add(keyText(key));
  }

  start(): void {
    const { concurrency = 10 } = this.#controller;
    this.#workers = Array.from({ length: concurrency }, () => this.#work());
  }

  /** Takes nothing new, tells running reconciles to end and waits until they have. */
  async stop(): Promise<void> {
    this.queue.stop();
    this.#abort.abort();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    for (let key = await this.queue.take(); key !== undefined; key = await this.queue.take()) {
      const started = performance.now();
      const outcome = await this.#reconcile(key);
      this.#observer.reconciled(this.#controller.name, outcome, (performance.now() - started) / 1000);
      this.queue.done(key);
      this.#observer.queueDepth(this.#controller.name, this.queue.depth);
    }
  }

  async #reconcile(key: string): Promise<Outcome> {
    try {
      const { requeueAfterMs } = await this.#controller.reconcile(parseKey(key), this.#abort.signal);
      this.queue.forget(key);
      if (requeueAfterMs === undefined) return 'success';
      this.queue.addAfter(key, requeueAfterMs);
      return 'requeue_after';
    } catch (error) {
      return this.#failed(key, error);
    }
  }

  #failed(key: string, error: unknown): Outcome {
    const fields = { controller: this.#controller.name, key, error: String(error) };
    if (error instanceof TerminalError) {
      this.#log.error('Reconcile failed for good', fields);
      return 'terminal';
    }
    // Someone else wrote in between: look again, there is nothing to tell.
    if (isApiError(error, 'Conflict')) {
      this.queue.addAfter(key, 10);
      return 'requeue';
    }
    // Deleted in between, most likely: the next look will show it.
    if (isApiError(error, 'NotFound')) {
      this.#log.debug('Something was gone', fields);
      this.queue.addRateLimited(key);
      return 'requeue';
    }
    this.#log.error('Reconcile failed', { ...fields, stack: error instanceof Error ? error.stack : undefined });
    this.queue.addRateLimited(key);
    return 'error';
  }
}
