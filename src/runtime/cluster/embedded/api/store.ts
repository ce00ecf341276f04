import { isDeepStrictEqual } from 'node:util';
import type { ApiObject, Key, ResourceType } from '../../cluster.ts';
import type { Manager } from './managed-fields.ts';

/** What happened to one object; `old` is what it was before. */
export interface Change {
  type: 'Added' | 'Modified' | 'Deleted';
  collection: string;
  object: ApiObject;
  old?: ApiObject;
}

interface Row {
  object: ApiObject;
  managers: readonly Manager[];
}

export const collectionOf = ({ apiVersion, kind }: Pick<ResourceType, 'apiVersion' | 'kind'>) =>
  `${apiVersion}/${kind}`;
export const rowName = ({ namespace = '', name }: Key) => `${namespace}/${name}`;

/** A copy as the wire would make it: deep, without undefined fields. */
export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/**
 * The objects and their versions, in memory. What is in here is never changed in place and never handed out: readers
 * and listeners copy what they keep.
 */
export class Store {
  readonly #collections = new Map<string, Map<string, Row>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #byUid = new Map<string, ApiObject>();
  #version = 1;

  row(collection: string, key: Key): Row | undefined {
    return this.#collections.get(collection)?.get(rowName(key));
  }

  /** All of a collection, in the order of their names as the API server has it. */
  rows(collection: string): ApiObject[] {
    const rows = [...(this.#collections.get(collection) ?? [])];
    return rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { object }]) => object);
  }

  all(): ApiObject[] {
    return [...this.#byUid.values()];
  }

  byUid(uid: string): ApiObject | undefined {
    return this.#byUid.get(uid);
  }

  /** Writes an object. One that is the same as before keeps its version, and nobody is told. */
  put(object: ApiObject, managers: readonly Manager[]): ApiObject {
    const collection = collectionOf(object);
    const rows = this.#collections.get(collection) ?? new Map<string, Row>();
    this.#collections.set(collection, rows);
    const old = rows.get(rowName(object.metadata))?.object;
    const next = copy({ ...object, metadata: { ...object.metadata, resourceVersion: old?.metadata.resourceVersion } });
    if (old && isDeepStrictEqual(old, next)) {
      rows.set(rowName(object.metadata), { object: old, managers });
      return copy(old);
    }
    next.metadata.resourceVersion = this.#nextVersion();
    rows.set(rowName(object.metadata), { object: next, managers });
    this.#byUid.set(next.metadata.uid ?? '', next);
    this.#tell({ type: old ? 'Modified' : 'Added', collection, object: next, old });
    return copy(next);
  }

  remove(object: ApiObject): void {
    const collection = collectionOf(object);
    const old = this.row(collection, object.metadata)?.object;
    if (!old) return;
    this.#collections.get(collection)?.delete(rowName(object.metadata));
    this.#byUid.delete(old.metadata.uid ?? '');
    const last = { ...old, metadata: { ...old.metadata, resourceVersion: this.#nextVersion() } };
    this.#tell({ type: 'Deleted', collection, object: last, old });
  }

  /** Calls `listener` within every write, before it returns. Returns a function that ends it. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
