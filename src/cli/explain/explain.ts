import { gather, type SearchSnapshot } from '../../controllers/search/gather.ts';
import type { Connection } from '../cluster/connection.ts';
import { RefusedError } from '../cluster/failures.ts';
import { find } from '../cluster/find.ts';
import type { Shown } from '../show/shown.ts';
import type { Style } from '../show/style.ts';
import { tree } from '../show/tree.ts';
import type { Explanation } from './reason.ts';
import { explainSearch } from './search.ts';
import { explainSla } from './sla.ts';
import { explainVariant } from './variant.ts';

const mostHistory = 10;

export function explanationLines({ about, reasons, history = [] }: Explanation, style: Style): string[] {
  const happened = history.slice(-mostHistory).map(({ at, event, reason, message }) => ({
    heading: [{ text: at, tone: 'dim' as const }, { text: event }, { text: reason }],
    notes: [message],
  }));
  return tree(
    [
      {
        heading: [{ text: about, tone: 'bold' as const }],
        branches: [
          ...reasons.map(({ where, verdict, tone, because }) => ({
            heading: [...(where ? [{ text: `${where}:` }] : []), { text: verdict, tone }],
            notes: because,
          })),
          ...(happened.length > 0 ? [{ heading: [{ text: 'history' }], branches: happened }] : []),
        ],
      },
    ],
    style,
  );
}

/** Why a variant is (not) on the front or recommended, why an SLA has its verdict, or where a search stands and why. */
export async function explain(connection: Connection, name: string): Promise<Shown> {
  const { cluster, namespace } = connection;
  const { kind, object } = await find(connection, name, ['Variant', 'LatencySLA', 'NASSearch']);
  const snapshotOf = (search: string): Promise<SearchSnapshot | undefined> =>
    gather(cluster, { namespace, name: search });
  const told = async (): Promise<Explanation> => {
    if (kind === 'LatencySLA') return explainSla(object, await snapshotOf(object.spec.searchRef.name));
    const search = kind === 'Variant' ? object.spec.searchRef.name : object.metadata.name;
    const snapshot = await snapshotOf(search);
    if (!snapshot) throw new RefusedError(`the NASSearch "${search}" is gone, and what it knew with it`);
    return kind === 'Variant' ? explainVariant(snapshot, object) : explainSearch(snapshot);
  };
  const explanation = await told();
  return { data: explanation, lines: (style) => explanationLines(explanation, style) };
}
