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
  #named: T[] | undefined;

  readonly #deleted: (object: T) => void;
  readonly #keep: (object: T) => T;

  /**
   * `changed` hears of every object that is seen, with what is kept of it before; `deleted` of those that go. `keep` says
   * what is kept of an object: all of it when left out.
   */
  constructor(
    type: ResourceType<T>,
    hooks: {
      changed?: (before: T | undefined, now: T) => void;
      deleted?: (object: T) => void;
      keep?: (object: T) => T;
    } = {},
  ) {
    const { changed = () => undefined, deleted = () => undefined, keep = (object) => object } = hooks;
    this.#type = type;
    this.#changed = changed;
    this.#deleted = deleted;
    this.#keep = keep;
  }

  /** Listens, and has nothing reconciled. */
  get watched(): Watched<T> {
    return {
      type: this.#type,
      map: (object: T, event: WatchEvent<T>['type']) => {
        const id = idOf(object);
        this.#named = undefined;
        if (event === 'Deleted') {
          this.#objects.delete(id);
          this.#deleted(object);
        } else {
          this.#changed(this.#objects.get(id), object);
          this.#objects.set(id, this.#keep(object));
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
    // Every gauge of a scrape asks for them.
    this.#named ??= this.all
      .map((object) => ({ object, age: `${object.metadata.creationTimestamp ?? ''} ${idOf(object)}` }))
      .sort((a, b) => (a.age < b.age ? -1 : 1))
      .slice(0, mostNamed)
      .map(({ object }) => object);
    return this.#named;
  }

  /** How many have none. */
  get unnamed(): number {
    return Math.max(0, this.#objects.size - mostNamed);
  }
}
