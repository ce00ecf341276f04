import { html } from 'hono/html';
import { showMs, showNumber, showShare, showTime } from '../format.ts';
import { type SlaView, timelineChart } from '../model/sla.ts';
import { figure } from './figure.ts';
import { conditionsTable, fullName, type Links, link, verdictBadge } from './parts.ts';
import { details, type Fact, facts, heading, table } from './table.ts';

function factsOf({ sla }: SlaView): Fact[] {
  const { objective, mode, workloadRef } = sla.spec;
  const { measured, activeVariant, accelerator } = sla.status ?? {};
  return [
    {
      name: objective.percentile.toLowerCase(),
      value: measured?.percentileMs === undefined ? '–' : showMs(measured.percentileMs),
      note: `at most ${objective.threshold}, over ${objective.window}`,
    },
    ...(measured?.burnRate === undefined
      ? []
      : [
          {
            name: 'Burn rate',
            value: showNumber(measured.burnRate),
            note: `${showShare(measured.overThreshold ?? 0)} of requests are slower`,
          },
        ]),
    ...(measured
      ? [
          {
            name: 'Load',
            value: `${showNumber(measured.ratePerSecond)}/s`,
            note: `${measured.samples} requests, ${measured.replicas ?? '?'} replicas`,
          },
        ]
      : []),
    {
      name: 'Workload',
      value: html`<span class="words">${workloadRef.name}</span>`,
      note: accelerator && `on ${accelerator}`,
    },
    { name: 'Variant', value: html`<span class="words">${activeVariant ?? '–'}</span>`, note: `mode ${mode}` },
  ];
}

const rolloutPart = ({ sla }: SlaView) => {
  const { rollout, recommendation } = sla.status ?? {};
  return html`${
    rollout
      ? html`<p class="lead" role="status">Rolling out <code>${rollout.variant}</code>: ${rollout.step} since ${showTime(rollout.stepSince)}. ${rollout.message}</p>`
      : ''
  }${
    recommendation
      ? html`<p class="lead">Apply this patch to serve <code>${recommendation.variant}</code>:</p><pre tabindex="0"><code>${recommendation.patch}</code></pre>`
      : ''
  }`;
};

const historyTable = (id: string, { sla }: SlaView) =>
  details(
    `${id}-history`,
    'Verdicts and rollouts as a table',
    table(
      'The last twenty, the newest first',
      [{ name: 'time', whole: true }, { name: 'event' }, { name: 'reason' }, { name: 'message', wrap: true }],
      [...(sla.status?.history ?? [])]
        .reverse()
        .map(({ at, event, reason, message }) => ({ cells: [showTime(at), event, reason, message] })),
    ),
  );

/** An SLA: what is measured now, what was decided, and how it went. */
export function slaSection(view: SlaView, links: Links, level: 1 | 2 = 1) {
  const { sla } = view;
  const { namespace } = sla.metadata;
  const id = `sla-${namespace ?? ''}-${sla.metadata.name}`;
  const title = html`SLA ${fullName(sla)} ${verdictBadge(sla)}`;
  const search = { metadata: { namespace, name: sla.spec.searchRef.name } };
  const said = sla.status?.conditions?.find(({ type }) => type === 'Met')?.message;
  return html`<section aria-labelledby="${id}">${heading(level, id, title)}
${said ? html`<p class="lead">${said}</p>` : ''}
${facts(factsOf(view))}
${rolloutPart(view)}
${figure(`${id}-timeline`, `${sla.spec.objective.percentile.toLowerCase()} over time against ${sla.spec.objective.threshold}; verdicts behind it, events on the threshold`, timelineChart(view))}
${historyTable(id, view)}
<p>Its variants come from search ${link(links.search(search), search.metadata.name)}.</p>
${conditionsTable(id, sla.status?.conditions)}
</section>`;
}
