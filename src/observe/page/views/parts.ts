import { html } from 'hono/html';
import type { Condition } from '../../../api/common.ts';
import type { LatencySLA, Verdict } from '../../../api/latency-sla.ts';
import type { NASSearch } from '../../../api/nas-search.ts';
import { findCondition } from '../../../runtime/conditions.ts';
import { showTime } from '../format.ts';
import { badge, details, type Html, type Tone, table } from './table.ts';

interface Named {
  metadata: { namespace?: string; name: string };
}

const part = encodeURIComponent;
const inNamespace = ({ metadata: { namespace = 'default', name } }: Named) => `${part(namespace)}/${part(name)}`;

/** Where things have their pages. */
export const paths = {
  search: (search: Named) => `/searches/${inNamespace(search)}`,
  variant: (search: Named, variant: string) => `/searches/${inNamespace(search)}/variants/${part(variant)}`,
  sla: (sla: Named) => `/slas/${inNamespace(sla)}`,
  hardware: (name: string) => `/hardware/${part(name)}`,
};

/** Where links lead: to pages of the operator, or, in a file, to what is in it. */
export interface Links {
  search(search: Named): string | undefined;
  variant(search: Named, variant: string): string | undefined;
  hardware(name: string): string | undefined;
}

export const served: Links = paths;

export const link = (href: string | undefined, text: string): Html =>
  href === undefined ? text : html`<a href="${href}">${text}</a>`;

export const fullName = ({ metadata: { namespace, name } }: Named) => (namespace ? `${namespace}/${name}` : name);

const tones: Record<Condition['status'], Tone> = { True: 'good', False: 'bad', Unknown: 'accent' };

export function searchState({ spec, status }: NASSearch): { text: string; tone: Tone; message: string } {
  const found = findCondition(status?.conditions, 'Succeeded');
  if (spec.suspend && found?.status !== 'True') return { text: 'Suspended', tone: 'muted', message: '' };
  const { status: state = 'Unknown', reason = 'Pending', message = '' } = found ?? {};
  return { text: reason, tone: tones[state], message };
}

const verdictTones: Record<Verdict, Tone> = { Met: 'good', Drifting: 'warn', Violated: 'bad', NoData: 'muted' };

export function verdictBadge({ status, spec }: LatencySLA): Html {
  if (spec.suspend) return badge('Suspended', 'muted');
  const { verdict = 'NoData', cause } = status ?? {};
  const why = cause && cause !== 'None' ? `: ${cause}` : '';
  return badge(`${verdict}${why}`, verdictTones[verdict]);
}

export const conditionsTable = (id: string, conditions: readonly Condition[] = []) =>
  conditions.length === 0
    ? ''
    : details(
        `${id}-conditions`,
        'Conditions',
        table(
          'Conditions',
          [
            { name: 'condition' },
            { name: 'state' },
            { name: 'reason' },
            { name: 'message', wrap: true },
            { name: 'since', whole: true },
          ],
          conditions.map(({ type, status, reason, message, lastTransitionTime }) => ({
            cells: [type, status, reason, message, showTime(lastTransitionTime)],
          })),
        ),
      );
