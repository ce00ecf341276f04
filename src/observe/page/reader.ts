import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import type { ApiObject, Cluster, Key, ResourceType, Watch } from '../../runtime/cluster/cluster.ts';
import type { Reading } from './model/sla.ts';

export interface Children {
  variants: Variant[];
  trials: Trial[];
}

/** What the page reads of the cluster. Lists are followed while somebody looks; children are read when they are asked for. */
export interface PageReader {
  searches(): Promise<NASSearch[]>;
  slas(): Promise<LatencySLA[]>;
  profiles(): Promise<HardwareProfile[]>;
  childrenOf(search: NASSearch): Promise<Children>;
  /** What was measured for an SLA since it is followed, at most an hour of it. */
  readings(sla: LatencySLA): Reading[];
  close(): void;
}

export const idOf = ({ namespace = '', name }: Key) => `${namespace}/${name}`;

const longestWaitMs = 10_000;

/** The objects of a kind, followed from the first question on until nobody has asked for a while. */
class Followed<T extends ApiObject> {
  readonly #cluster: Cluster;
  readonly #type: ResourceType<T>;
  readonly #idleMs: number;
  readonly #seen: (object: T) => void;
  #watch: Watch | undefined;
  #idle: NodeJS.Timeout | undefined;
  readonly #objects = new Map<string, T>();

  constructor(cluster: Cluster, type: ResourceType<T>, idleMs: number, seen: (object: T) => void = () => undefined) {
    this.#cluster = cluster;
    this.#type = type;
    this.#idleMs = idleMs;
    this.#seen = seen;
  }

  /** Throws Error, a sentence, when the API server does not answer. */
  async all(): Promise<T[]> {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.stop(), this.#idleMs).unref();
    this.#watch ??= this.#cluster.watch(this.#type, {}, ({ type, object }) => {
      if (type === 'Deleted') this.#objects.delete(idOf(object.metadata));
      else this.#objects.set(idOf(object.metadata), object);
      if (type !== 'Deleted') this.#seen(object);
    });
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`the API server does not list ${this.#type.plural}: look into the operator's log`)),
      longestWaitMs,
    );
    try {
      await Promise.race([this.#watch.synced, late.promise]);
    } finally {
      clearTimeout(timer);
    }
    return [...this.#objects.values()];
  }

  stop(): void {
    clearTimeout(this.#idle);
    this.#watch?.stop();
    this.#watch = undefined;
    this.#objects.clear();
  }
}

/** An hour at the shortest interval that is usual. */
const mostReadings = 720;
const childrenLifeMs = 2000;

export function pageReader(options: { cluster: Cluster; clock: () => number; idleMs?: number }): PageReader {
  const { cluster, clock, idleMs = 5 * 60_000 } = options;
  const readings = new Map<string, Reading[]>();
  const children = new Map<string, { untilMs: number; found: Promise<Children> }>();

  const read = ({ metadata, status }: LatencySLA) => {
    const known = readings.get(idOf(metadata)) ?? [];
    const { at, percentileMs, ratePerSecond } = status?.measured ?? {};
    if (at === undefined || ratePerSecond === undefined || known.at(-1)?.at === at) return;
    readings.set(idOf(metadata), [...known, { at, percentileMs, ratePerSecond }].slice(-mostReadings));
  };
  const searches = new Followed(cluster, nasSearches, idleMs);
  const slas = new Followed(cluster, latencySlas, idleMs, read);
  const profiles = new Followed(cluster, hardwareProfiles, idleMs);

  async function load({ metadata: { namespace, name } }: NASSearch): Promise<Children> {
    const of = { namespace, labels: { 'retune.dev/search': name } };
    return { variants: await cluster.list(variants, of), trials: await cluster.list(trials, of) };
  }

  return {
    searches: () => searches.all(),
    slas: async () => {
      const all = await slas.all();
      const there = new Set(all.map(({ metadata }) => idOf(metadata)));
      for (const id of readings.keys()) if (!there.has(id)) readings.delete(id);
      return all;
    },
    profiles: () => profiles.all(),
    readings: ({ metadata }) => readings.get(idOf(metadata)) ?? [],
    childrenOf(search) {
      // Whoever else looks at the same search within two seconds sees the same.
      for (const [id, { untilMs }] of children) if (untilMs <= clock()) children.delete(id);
      const id = idOf(search.metadata);
      const present = children.get(id);
      if (present) return present.found;
      const found = load(search);
      children.set(id, { untilMs: clock() + childrenLifeMs, found });
      found.catch(() => children.delete(id));
      return found;
    },
    close: () => [searches, slas, profiles].forEach((one) => void one.stop()),
  };
}
