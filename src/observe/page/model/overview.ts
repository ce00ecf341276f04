import type { HardwareProfile } from '../../../api/hardware-profile.ts';
import type { LatencySLA, Verdict } from '../../../api/latency-sla.ts';
import type { NASSearch } from '../../../api/nas-search.ts';
import { findCondition } from '../../../runtime/conditions.ts';

/** So many of a kind are listed at once. */
export const pageSize = 50;

export interface Listed<T> {
  items: T[];
  /** How many match, on all pages. */
  total: number;
  /** From 1. */
  page: number;
  pages: number;
}

export interface Question {
  /** Part of a name or namespace. */
  text: string;
  page: number;
}

export interface Overview {
  question: Question;
  searches: Listed<NASSearch>;
  slas: Listed<LatencySLA>;
  profiles: Listed<HardwareProfile>;
  /** Of all SLAs, whatever was asked for. */
  verdicts: Record<Verdict, number>;
  running: number;
}

type Named = NASSearch | LatencySLA | HardwareProfile;

function listed<T extends Named>(all: readonly T[], { text, page }: Question, rank: (one: T) => number): Listed<T> {
  const wanted = text.trim().toLowerCase();
  const name = ({ metadata }: T) => `${metadata.namespace ?? ''}/${metadata.name}`;
  const found = all.filter((one) => name(one).toLowerCase().includes(wanted));
  const age = ({ metadata }: T) => metadata.creationTimestamp ?? '';
  found.sort((a, b) => rank(a) - rank(b) || age(b).localeCompare(age(a)) || name(a).localeCompare(name(b)));
  const pages = Math.max(1, Math.ceil(found.length / pageSize));
  const shown = Math.min(Math.max(1, page), pages);
  return { items: found.slice((shown - 1) * pageSize, shown * pageSize), total: found.length, page: shown, pages };
}

const stateOf = ({ status }: NASSearch) => findCondition(status?.conditions, 'Succeeded')?.status ?? 'Unknown';
const searchRank = { Unknown: 0, False: 1, True: 2 } as const;
const verdictOf = ({ status }: LatencySLA): Verdict => status?.verdict ?? 'NoData';
const verdictRank: Record<Verdict, number> = { Violated: 0, Drifting: 1, NoData: 2, Met: 3 };

/** What there is, what needs attention first; at most a page of each kind, whatever there is. */
export function overview(
  all: { searches: readonly NASSearch[]; slas: readonly LatencySLA[]; profiles: readonly HardwareProfile[] },
  question: Question,
): Overview {
  const count = (verdict: Verdict) => all.slas.filter((sla) => verdictOf(sla) === verdict).length;
  return {
    question,
    searches: listed(all.searches, question, (search) => searchRank[stateOf(search)]),
    slas: listed(all.slas, question, (sla) => verdictRank[verdictOf(sla)]),
    profiles: listed(all.profiles, question, () => 0),
    verdicts: { Met: count('Met'), Drifting: count('Drifting'), Violated: count('Violated'), NoData: count('NoData') },
    running: all.searches.filter((search) => stateOf(search) === 'Unknown' && !search.spec.suspend).length,
  };
}
