/**
 * The port through which controllers see a cluster. Two implementations, `kubernetes` and `embedded`, pass the same
 * contract tests (test/contract/cluster.ts).
 */

/** The least that every object of the Kubernetes API has. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: {
      apiVersion: string;
      kind: string;
      name: string;
      uid: string;
      controller?: boolean;
      blockOwnerDeletion?: boolean;
    }[];
    /** Who set which field, as a real API server tells it; the embedded one does not. */
    managedFields?: ManagedFields[];
  };
}

/** The fields of one manager: a tree of `f:name`, `k:{"key":"value"}`, `v:"value"`, with `{}` at its leaves. */
export interface ManagedFields {
  manager?: string;
  operation?: string;
  subresource?: string;
  fieldsV1?: Record<string, unknown>;
}

/** Which collection of the API an object lives in; `Object` is the type of its members and exists for the compiler only. */
export interface ResourceType<Object extends ApiObject = ApiObject> {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  readonly _object?: Object;
}

/** The name of one object; a cluster-scoped one has no namespace. */
export interface Key {
  namespace?: string;
  name: string;
}

export interface ListOptions {
  /** All namespaces when left out. */
  namespace?: string;
  /** Labels that must all be equal. */
  labels?: Record<string, string>;
}

export type WatchEvent<T> = { type: 'Added' | 'Modified' | 'Deleted'; object: T };

/** A running watch. It reconnects, resumes and resyncs by itself until it is stopped. */
export interface Watch {
  /** Resolves when the first list has been delivered. */
  synced: Promise<void>;
  /** When the last event, bookmark or list arrived, in milliseconds since the epoch. */
  lastActivity(): number;
  stop(): void;
}

export interface ApplyOptions {
  /** The owner of the fields in the object, for server-side apply. */
  fieldManager: string;
  /** Take fields over from other managers instead of failing with a Conflict. */
  force?: boolean;
}

export interface ReplaceOptions {
  /** Who owns what this changes; the client's own name when left out. */
  fieldManager?: string;
}

export interface DeleteOptions {
  /** Refuse with Conflict when the object is another one of the same name. */
  uid?: string;
  resourceVersion?: string;
  gracePeriodSeconds?: number;
}

export interface ClusterEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** What of an object is given to `apply`: any subset of its fields besides its identity. */
export type Applied<T extends ApiObject> = { apiVersion: string; kind: string; metadata: T['metadata'] } & DeepPartial<
  Omit<T, 'apiVersion' | 'kind' | 'metadata'>
>;

export type DeepPartial<T> = T extends (infer E)[]
  ? DeepPartial<E>[]
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

export interface Cluster {
  /** The object, or undefined when there is none. */
  get<T extends ApiObject>(type: ResourceType<T>, key: Key): Promise<T | undefined>;
  list<T extends ApiObject>(type: ResourceType<T>, options?: ListOptions): Promise<T[]>;
  /**
   * Calls `handler` for every object there is and for every change after. An object that is seen again unchanged by a
   * resync or a re-list after a break is not delivered twice; one that vanished during a break is delivered as Deleted, as
   * it was seen last but without its status. `managedFields` are left out: get the object for them.
   */
  watch<T extends ApiObject>(
    type: ResourceType<T>,
    options: ListOptions,
    handler: (event: WatchEvent<T>) => void,
  ): Watch;
  /** Throws AlreadyExists when the name is taken, Invalid when the object breaks its schema. */
  create<T extends ApiObject>(type: ResourceType<T>, object: T): Promise<T>;
  /** Server-side apply: creates or merges, owning just the fields given. Throws Conflict when another manager owns one. */
  apply<T extends ApiObject>(type: ResourceType<T>, object: Applied<T>, options: ApplyOptions): Promise<T>;
  /** Replaces metadata and spec; status is left alone. Throws Conflict unless `resourceVersion` is the present one. */
  replace<T extends ApiObject>(type: ResourceType<T>, object: T, options?: ReplaceOptions): Promise<T>;
  /** Replaces the status alone. Throws Conflict when `metadata.resourceVersion` is given and not the present one. */
  replaceStatus<T extends ApiObject>(type: ResourceType<T>, object: T): Promise<T>;
  /** Deletes with background garbage collection of what it owns. An object that is gone already is success. */
  delete<T extends ApiObject>(type: ResourceType<T>, key: Key, options?: DeleteOptions): Promise<void>;
  /** Records an event about an object; never throws. */
  emit(about: ApiObject, event: ClusterEvent): Promise<void>;
}
