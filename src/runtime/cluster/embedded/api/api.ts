import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../../../reconcile.ts';
import type {
  ApiObject,
  ApplyOptions,
  Cluster,
  ClusterEvent,
  DeleteOptions,
  Key,
  ListOptions,
  ReplaceOptions,
  ResourceType,
  Watch,
  WatchEvent,
} from '../../cluster.ts';
import { type Pod, pods } from '../../core-types.ts';
import { ApiError } from '../../errors.ts';
import { collectGarbage } from './garbage.ts';
import { builtinKinds, type EmbeddedKind, type EventObject, events, listKeysOf } from './kinds.ts';
import { applyFields, type Manager, updateFields } from './managed-fields.ts';
import { collectionOf, copy, Store } from './store.ts';
import { openWatch, selected } from './watch.ts';

type Fields = Record<string, unknown>;
type WithParts = ApiObject & { spec?: unknown; status?: Fields };

const fieldManager = 'retune';

/** What managers own: not the identity, not what the server itself writes, not the status. */
function ownable({ apiVersion: _a, kind: _k, metadata, status: _s, ...rest }: WithParts): Fields {
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  return copy({ metadata: { labels, annotations, finalizers, ownerReferences }, ...rest });
}

/**
 * An API server in memory: versions, server-side apply with field ownership, status subresource, finalizers and garbage
 * collection of owned objects. It behaves as the real one where Retune looks; the contract tests run against both.
 */
export class EmbeddedApi implements Cluster {
  readonly #store = new Store();
  readonly #kinds = new Map<string, EmbeddedKind>();
  readonly #log: Log | undefined;

  constructor(kinds: readonly EmbeddedKind[] = [], log?: Log) {
    for (const kind of [...builtinKinds, ...kinds]) this.#kinds.set(collectionOf(kind.type), kind);
    this.#log = log;
    collectGarbage(this.#store, (object) => this.#delete(object, {}));
  }

  async get<T extends ApiObject>(type: ResourceType<T>, key: Key): Promise<T | undefined> {
    const row = this.#store.row(collectionOf(type), this.#key(type, key));
    return row && (copy(row.object) as T);
  }

  async list<T extends ApiObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<T[]> {
    const rows = this.#store.rows(collectionOf(type));
    return rows.filter((object) => selected(object, options)).map((object) => copy(object) as T);
  }

  watch<T extends ApiObject>(
    type: ResourceType<T>,
    options: ListOptions,
    handler: (event: WatchEvent<T>) => void,
  ): Watch {
    return openWatch(this.#store, collectionOf(type), options, handler, this.#log);
  }

  async create<T extends ApiObject>(type: ResourceType<T>, object: T): Promise<T> {
    const { name } = object.metadata;
    if (!name) throw new ApiError('Invalid', `${type.kind} is invalid: metadata.name: Required value`);
    if (this.#store.row(collectionOf(type), this.#key(type, object.metadata))) {
      throw new ApiError('AlreadyExists', `${type.plural} "${name}" already exists`);
    }
    const fresh = this.#admit(this.#fresh(type, copy(object)));
    return this.#store.put(fresh, this.#updated({}, [], fresh)) as T;
  }

  async apply<T extends ApiObject>(type: ResourceType<T>, object: object, options: ApplyOptions): Promise<T> {
    const config = copy(object) as WithParts;
    const kind = this.#kind(type);
    const row = this.#store.row(collectionOf(type), this.#key(type, config.metadata));
    const live = row ? { fields: ownable(row.object), managers: row.managers } : { fields: {}, managers: [] };
    const { fields, managers } = applyFields(live, ownable(config), {
      manager: options.fieldManager,
      force: options.force,
      lists: listKeysOf(kind),
      apiVersion: type.apiVersion,
    });
    const { metadata, ...rest } = fields as { metadata?: Fields };
    const identity = row?.object ?? this.#fresh(type, config);
    const { labels: _l, annotations: _a, finalizers: _f, ownerReferences: _o, ...own } = identity.metadata;
    const { apiVersion, kind: kindName, status } = identity as WithParts;
    const next = { apiVersion, kind: kindName, ...rest, metadata: { ...own, ...metadata }, ...(status && { status }) };
    return this.#write(next as WithParts, row?.object, managers) as T;
  }

  async replace<T extends ApiObject>(type: ResourceType<T>, object: T, options: ReplaceOptions = {}): Promise<T> {
    const row = this.#expect(type, object);
    if (!object.metadata.resourceVersion) {
      throw new ApiError(
        'Invalid',
        `${type.kind} is invalid: metadata.resourceVersion: must be specified for an update`,
      );
    }
    const { uid, creationTimestamp, deletionTimestamp, generation } = row.object.metadata;
    const server = { uid, creationTimestamp, deletionTimestamp, generation };
    const status = this.#kind(type).hasStatus === false ? {} : { status: (row.object as WithParts).status };
    const next = copy({ ...object, metadata: { ...object.metadata, ...server }, ...status }) as WithParts;
    const managers = this.#updated(ownable(row.object), row.managers, next, options.fieldManager);
    return this.#write(next, row.object, managers) as T;
  }

  async replaceStatus<T extends ApiObject>(type: ResourceType<T>, object: T): Promise<T> {
    const row = this.#expect(type, object);
    const { status } = copy(object) as WithParts;
    const next = this.#admit({ ...row.object, status } as WithParts, row.object);
    return this.#store.put(next, row.managers) as T;
  }

  async delete<T extends ApiObject>(type: ResourceType<T>, key: Key, options: DeleteOptions = {}): Promise<void> {
    const object = this.#store.row(collectionOf(type), this.#key(type, key))?.object;
    if (object) this.#delete(object, options);
  }

  /** Puts a pod on a node: what a scheduler does, and no one else may. */
  bind(pod: ApiObject, nodeName: string): void {
    const row = this.#expect(pods, pod);
    const { spec } = row.object as Pod;
    this.#store.put({ ...row.object, spec: { ...spec, nodeName } } as ApiObject, row.managers);
  }

  async emit(about: ApiObject, { type, reason, message }: ClusterEvent): Promise<void> {
    const now = new Date().toISOString();
    const { namespace, name, uid } = about.metadata;
    const event: EventObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${randomUUID()}`, namespace: namespace ?? 'default' },
      involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid },
      ...{ type, reason, message, count: 1, firstTimestamp: now, lastTimestamp: now, source: { component: 'retune' } },
    };
    await this.create(events, event);
  }

  #kind(type: Pick<ResourceType, 'apiVersion' | 'kind'>): EmbeddedKind {
    const kind = this.#kinds.get(collectionOf(type));
    if (kind) return kind;
    throw new ApiError('NotFound', `this cluster has no kind ${type.kind} of ${type.apiVersion}`);
  }

  #key({ namespaced }: ResourceType, { namespace, name }: Key): Key {
    return { namespace: namespaced ? (namespace ?? 'default') : undefined, name };
  }

  #expect(type: ResourceType, { metadata }: ApiObject) {
    const row = this.#store.row(collectionOf(type), this.#key(type, metadata));
    if (!row) throw new ApiError('NotFound', `${type.plural} "${metadata.name}" not found`);
    const { resourceVersion, uid } = row.object.metadata;
    const stale = metadata.resourceVersion && metadata.resourceVersion !== resourceVersion;
    if (stale || (metadata.uid && metadata.uid !== uid)) {
      throw new ApiError('Conflict', `${type.plural} "${metadata.name}": the object has been modified; read it again`);
    }
    return row;
  }

  #fresh(type: ResourceType, { metadata, status: _, ...rest }: WithParts): WithParts {
    const kind = this.#kind(type);
    return {
      ...rest,
      apiVersion: type.apiVersion,
      kind: type.kind,
      metadata: {
        ...metadata,
        ...this.#key(type, metadata),
        uid: randomUUID(),
        creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        ...(kind.hasGeneration !== false && { generation: 1 }),
      },
      ...(kind.initialStatus && { status: kind.initialStatus }),
    } as WithParts;
  }

  #admit(object: WithParts, old?: ApiObject): WithParts {
    const kind = this.#kind(object);
    kind.validate?.(object, old);
    return (kind.default?.(object) ?? object) as WithParts;
  }

  #updated(before: Fields, managers: readonly Manager[], next: WithParts, name = fieldManager): Manager[] {
    return updateFields({ fields: before, managers }, ownable(next), name, listKeysOf(this.#kind(next)));
  }

  #write(next: WithParts, old: WithParts | undefined, managers: readonly Manager[]): ApiObject {
    const admitted = copy(this.#admit(next, old));
    if (old && admitted.metadata.generation !== undefined && !isDeepStrictEqual(admitted.spec, old.spec)) {
      admitted.metadata.generation += 1;
    }
    const { deletionTimestamp, finalizers = [] } = admitted.metadata;
    if (deletionTimestamp && finalizers.length === 0 && !this.#kind(admitted).endsGracefully?.(admitted)) {
      this.#store.remove(admitted);
      return admitted;
    }
    return this.#store.put(admitted, managers);
  }

  #delete(object: ApiObject, { uid, resourceVersion, gracePeriodSeconds }: DeleteOptions): void {
    const { metadata } = object;
    if ((uid && uid !== metadata.uid) || (resourceVersion && resourceVersion !== metadata.resourceVersion)) {
      throw new ApiError('Conflict', `"${metadata.name}" is another object than the one to delete`);
    }
    const graceful = gracePeriodSeconds !== 0 && this.#kind(object).endsGracefully?.(object);
    if (!graceful && !metadata.finalizers?.length) {
      this.#store.remove(object);
      return;
    }
    if (metadata.deletionTimestamp) return;
    const row = this.#store.row(collectionOf(object), metadata);
    const marked = { ...metadata, deletionTimestamp: new Date().toISOString() };
    this.#store.put({ ...object, metadata: marked }, row?.managers ?? []);
  }
}
