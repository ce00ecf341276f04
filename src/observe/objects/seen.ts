import type { ApiObject, Key, ResourceType, WatchEvent } from '../../runtime/cluster/cluster.ts';
import type { Watched } from '../../runtime/controller.ts';

/** So many objects of a kind have series of their own: more would be more than anybody looks at, or can store. */
export const mostNamed = 500;

const idIn = ({ namespace = '', name }: Key) => `${namespace}/${name}`;
const idOf = ({ metadata }: ApiObject) => idIn(metadata);

/** The objects of one kind, as they were last seen. */
export class Seen<T extends ApiObject> {
  readonly #type: ResourceType<T>;
  readonly #changed: (before: T | undefined, now: T) => void;
  readonly #objects = new Map<string, T>();

  readonly #deleted: (object: T) => void;

  /** `changed` hears of every object that is seen, with what it was before; `deleted` of those that go. */
  constructor(
    type: ResourceType<T>,
    changed: (before: T | undefined, now: T) => void = () => undefined,
    deleted: (object: T) => void = () => undefined,
  ) {
    this.#type = type;
    this.#changed = changed;
    this.#deleted = deleted;
  }

  /** Listens, and has nothing reconciled. */
  get watched(): Watched<T> {
    return {
      type: this.#type,
      map: (object: T, event: WatchEvent<T>['type']) => {
        const id = idOf(object);
        if (event === 'Deleted') {
          this.#objects.delete(id);
          this.#deleted(object);
        } else {
          this.#changed(this.#objects.get(id), object);
          this.#objects.set(id, object);
        }
        return [];
      },
    };
  }

  get(key: Key): T | undefined {
    return this.#objects.get(idIn(key));
  }

  get all(): T[] {
    return [...this.#objects.values()];
  }

  /** Those that have series of their own: the oldest, so that series don't come and go. */
  get named(): T[] {
    const age = ({ metadata }: T) => metadata.creationTimestamp ?? '';
    return this.all
      .toSorted((a, b) => age(a).localeCompare(age(b)) || idOf(a).localeCompare(idOf(b)))
      .slice(0, mostNamed);
  }

  /** How many have none. */
  get unnamed(): number {
    return Math.max(0, this.#objects.size - mostNamed);
  }
}
