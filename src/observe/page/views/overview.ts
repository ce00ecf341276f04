import { html } from 'hono/html';
import type { HardwareProfile } from '../../../api/hardware-profile.ts';
import type { LatencySLA } from '../../../api/latency-sla.ts';
import type { NASSearch } from '../../../api/nas-search.ts';
import { showValue } from '../../../core/quality/metric.ts';
import { showMs, showNumber } from '../format.ts';
import type { Listed, Overview, Question } from '../model/overview.ts';
import { fullName, link, paths, searchState, verdictBadge } from './parts.ts';
import { badge, type Column, facts, type Row, table } from './table.ts';

const right = (name: string): Column => ({ name, number: true });

const slaColumns = [
  ...[{ name: 'SLA' }, { name: 'verdict' }, right('measured'), right('objective'), right('burn rate')],
  { name: 'workload' },
];
const searchColumns = [
  { name: 'search' },
  { name: 'state' },
  right('trials ended'),
  { name: 'recommended', wrap: true },
];
const profileColumns = [
  ...[{ name: 'accelerator' }, right('nodes'), { name: 'processor', wrap: true }],
  ...['memory', 'FP32', 'INT8'].map(right),
];

/** What a search recommends, accelerator by accelerator. */
const recommendations = ({ status, spec }: NASSearch) =>
  (status?.accelerators ?? []).slice(0, 3).map(({ name, front, recommended }) => {
    const point = front.find(({ variant }) => variant === recommended);
    const told = point ? `${showValue(spec.quality.metric, point.quality)} at ${showMs(point.p99Ms)}` : 'none yet';
    return html`<div>${name}: ${told}</div>`;
  });

function searchRow(search: NASSearch): Row {
  const { text, tone } = searchState(search);
  const { trials } = search.status ?? {};
  const ended = (trials?.succeeded ?? 0) + (trials?.failed ?? 0);
  const all = ended + (trials?.running ?? 0) + (trials?.pending ?? 0);
  return {
    cells: [
      ...[link(paths.search(search), fullName(search)), badge(text, tone), `${ended} of ${all}`],
      html`${recommendations(search)}`,
    ],
  };
}

function slaRow(sla: LatencySLA): Row {
  const { objective, workloadRef } = sla.spec;
  const { measured, rollout } = sla.status ?? {};
  const { percentileMs, burnRate } = measured ?? {};
  return {
    cells: [
      ...[link(paths.sla(sla), fullName(sla)), verdictBadge(sla)],
      percentileMs === undefined ? '–' : showMs(percentileMs),
      `${objective.percentile.toLowerCase()} ≤ ${objective.threshold}`,
      burnRate === undefined ? '–' : showNumber(burnRate),
      rollout ? `rolling out, ${rollout.step}` : workloadRef.name,
    ],
  };
}

function profileRow({ metadata, status }: HardwareProfile): Row {
  const { abilities, facts: found, nodeCount = 0 } = status ?? {};
  return {
    cells: [
      ...[link(paths.hardware(metadata.name), metadata.name), nodeCount, found?.cpuModel ?? '–'],
      abilities ? showNumber(abilities.bandwidthGBps.memory, 'GB/s') : 'not probed',
      abilities ? showNumber(abilities.peakGops.fp32, 'Gop/s') : '',
      abilities ? showNumber(abilities.peakGops.int8, 'Gop/s') : '',
    ],
  };
}

const address = ({ text }: Question, page: number) =>
  `/?${new URLSearchParams({ ...(text && { q: text }), page: String(page) })}`;

const pager = (question: Question, pages: number) =>
  pages < 2
    ? ''
    : html`<nav class="pager" aria-label="Pages">${question.page > 1 ? html`<a href="${address(question, question.page - 1)}">Previous</a>` : ''} Page ${question.page} of ${pages} ${question.page < pages ? html`<a href="${address(question, question.page + 1)}">Next</a>` : ''}</nav>`;

function list<T>(id: string, name: string, found: Listed<T>, columns: Column[], row: (one: T) => Row, none: string) {
  const shown = found.pages > 1 ? ` (${found.total}, page ${found.page} of ${found.pages})` : '';
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${name}</h2>
${found.total === 0 ? html`<p>${none}</p>` : table(`${name}${shown}`, columns, found.items.map(row), found.pages > 1)}</section>`;
}

/** Everything that there is, in three lists; what needs attention comes first. */
export function overviewSection({ question, searches, slas, profiles, verdicts, running }: Overview) {
  const none = question.text ? `Nothing of that kind is called “${question.text}”.` : undefined;
  const pages = Math.max(searches.pages, slas.pages, profiles.pages);
  return html`<h1 class="unseen">Overview</h1>
${facts([
  {
    name: 'SLAs met',
    value: verdicts.Met,
    ...(verdicts.Met > 0 && { tone: 'good' as const }),
    note: `${verdicts.NoData} without data`,
  },
  {
    name: 'SLAs violated',
    value: verdicts.Violated,
    ...(verdicts.Violated > 0 && { tone: 'bad' as const }),
    note: `${verdicts.Drifting} drifting`,
  },
  { name: 'Searches running', value: running },
  { name: 'Accelerators', value: profiles.total },
])}
<form method="get" action="/" role="search"><label for="q">Find by name or namespace</label> <input type="search" id="q" name="q" value="${question.text}"> <button>Find</button></form>
${list('slas', 'SLAs', slas, slaColumns, slaRow, none ?? 'There is no LatencySLA yet.')}
${list('searches', 'Searches', searches, searchColumns, searchRow, none ?? 'There is no NASSearch yet.')}
${list('hardware', 'Hardware', profiles, profileColumns, profileRow, none ?? 'No accelerator type is known yet.')}
${pager({ ...question, page: Math.min(question.page, pages) }, pages)}`;
}
