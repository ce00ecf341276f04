import type { HardwareProfile } from '../../api/hardware-profile.ts';
import { type KindName, kinds } from '../../api/kinds.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import type { ApiObject, ResourceType } from '../../runtime/cluster/cluster.ts';
import type { Connection } from './connection.ts';
import { UsageError } from './failures.ts';

interface Objects {
  NASSearch: NASSearch;
  Variant: Variant;
  Trial: Trial;
  HardwareProfile: HardwareProfile;
  LatencySLA: LatencySLA;
}

/** An object with its kind, which tells its type. */
export type Found<K extends KindName = KindName> = { [P in K]: { kind: P; object: Objects[P] } }[K];

/** Where the objects of each kind are. */
export const collections = {
  NASSearch: nasSearches,
  Variant: variants,
  Trial: trials,
  HardwareProfile: hardwareProfiles,
  LatencySLA: latencySlas,
} as const satisfies Record<KindName, ResourceType>;

/** The kind that a word stands for, as kubectl reads it: `nas`, `nassearch`, `nassearches`, `NASSearch`. */
export function kindOf(word: string): KindName | undefined {
  const lower = word.toLowerCase().replace(/\.retune\.dev$/, '');
  return (Object.keys(kinds) as KindName[]).find((name) => {
    const { plural, singular, shortNames } = kinds[name];
    return [plural, singular, ...shortNames].includes(lower);
  });
}

const mostNames = 12;

function listed(names: readonly string[]): string {
  const rest = names.length - mostNames;
  return names.slice(0, mostNames).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

const or = (names: readonly string[]) => names.join(' or ');

async function absent(connection: Connection, name: string, among: readonly KindName[]): Promise<UsageError> {
  const { cluster, namespace } = connection;
  const there = await Promise.all(
    among.map(async (kind) => {
      const type: ResourceType<ApiObject> = collections[kind];
      const names = (await cluster.list(type, type.namespaced ? { namespace } : {})).map(
        ({ metadata }) => metadata.name,
      );
      // Names that begin alike come first: most mistakes are at the end.
      const near = names.filter((one) => one.startsWith(name.slice(0, 4)));
      return listed(
        [...near, ...names.filter((one) => !near.includes(one))].map((one) =>
          among.length > 1 ? `${kinds[kind].shortNames[0]}/${one}` : one,
        ),
      );
    }),
  );
  const known = there.filter((names) => names !== '').join(', ');
  return new UsageError(
    `there is no ${or(among)} "${name}" in namespace ${namespace}; there ${known ? `are ${known}` : 'is none at all'}`,
  );
}

/**
 * The object that is meant by `name`, or by `kind/name` where several kinds have it. Throws UsageError with the names that
 * there are.
 */
export async function find<K extends KindName>(
  connection: Connection,
  reference: string,
  among: readonly K[],
): Promise<Found<K>> {
  const { cluster, namespace } = connection;
  const [word = '', name = word] = reference.includes('/') ? reference.split('/', 2) : [reference];
  const wanted = reference.includes('/') ? kindOf(word) : undefined;
  if (reference.includes('/') && !among.some((kind) => kind === wanted)) {
    throw new UsageError(
      `"${reference}" names no ${or(among)}: write ${among.map((k) => `${kinds[k].shortNames[0]}/NAME`).join(' or ')}`,
    );
  }
  const asked = wanted ? among.filter((kind) => kind === wanted) : among;
  const found = await Promise.all(
    asked.map(async (kind) => {
      const type: ResourceType<ApiObject> = collections[kind];
      return { kind, object: await cluster.get(type, type.namespaced ? { namespace, name } : { name }) };
    }),
  );
  const [first, second] = found.filter(({ object }) => object !== undefined);
  if (first && second) {
    const both = [first, second].map(({ kind }) => `${kinds[kind].shortNames[0]}/${name}`);
    throw new UsageError(`"${name}" is ${first.kind} and ${second.kind}: write ${or(both)}`);
  }
  if (!first) throw await absent(connection, name, asked);
  return first as Found<K>;
}
