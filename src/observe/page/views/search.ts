import { html } from 'hono/html';
import { limitPhrase } from '../../../core/quality/limit.ts';
import { showValue } from '../../../core/quality/metric.ts';
import { showBytes, showMany, showMs, showNumber, showShare } from '../format.ts';
import type { AcceleratorView, SearchView, ShownPoint } from '../model/search.ts';
import { forecastChart, paretoChart, showLatency, showQuality } from '../model/search-charts.ts';
import { figure } from './figure.ts';
import { conditionsTable, fullName, type Links, link, searchState } from './parts.ts';
import { badge, details, type Fact, facts, heading, type Row, table } from './table.ts';

const standing = ({ recommended, onFront, base }: ShownPoint) =>
  recommended ? badge('recommended', 'good') : onFront ? badge('front', 'accent') : base ? badge('base', 'warn') : '';

/** A figure with its interval below it. */
const withInterval = (text: string) => {
  const [value = '', interval] = text.split(' (');
  return interval === undefined ? value : html`${value}<small>${interval.replace(')', '')}</small>`;
};

const pointsTable = ({ search, limits }: SearchView, { points, more, status }: AcceleratorView, links: Links) => {
  const row = (point: ShownPoint): Row => ({
    strong: point.recommended,
    cells: [
      html`${link(links.variant(search, point.variant), point.label)} ${standing(point)}`,
      withInterval(showQuality(point)),
      showMs(point.latency.p50Ms),
      withInterval(showLatency(point, limits)),
      showBytes(point.sizeBytes),
      point.trial.status?.memory && showNumber(point.trial.status.memory.opsPerByte),
      point.expected && showMs(point.expected.ms),
      point.why,
    ],
  });
  const metric = points[0]?.quality.metric ?? 'quality';
  return table(
    `What was measured on ${status.name}${more > 0 ? `; ${more} slower ones are left out` : ''}`,
    [
      ...[
        { name: 'candidate', wrap: true },
        { name: `${metric} (95% interval)`, number: true },
        { name: 'p50', number: true },
      ],
      { name: `${limits.percentile.toLowerCase()} (95% interval)`, number: true },
      ...[
        { name: 'size', number: true },
        { name: 'ops a byte', number: true },
        { name: 'forecast', number: true },
      ],
      { name: 'why', wrap: true },
    ],
    points.map(row),
  );
};

const narrowedTable = (id: string, { status }: AcceleratorView) =>
  status.narrowed
    ? details(
        `${id}-narrowed`,
        `${showMany(status.narrowed.length, 'choice')} left out on this accelerator`,
        table(
          'Choices that are of no use here, by what the accelerator was measured to do',
          [{ name: 'choice' }, { name: 'reason', wrap: true }],
          status.narrowed.map(({ choice, reason }) => ({ cells: [choice, reason] })),
        ),
      )
    : '';

function forecastPart(id: string, view: SearchView, accelerator: AcceleratorView) {
  const { forecast, status } = accelerator;
  if (!forecast) return '';
  const told = `${showMany(forecast.count, 'forecast')}: off by ${showShare(forecast.meanError)} on average; ${showShare(forecast.covered)} of the measurements lie in their 90% interval`;
  return html`${figure(`${id}-forecast`, `Forecast against measured on ${status.name}`, forecastChart(accelerator, view.limits))}
<p>${told}.</p>`;
}

const onAccelerator = (view: SearchView, links: Links, level: 2 | 3) => (accelerator: AcceleratorView) => {
  const { status, points } = accelerator;
  const { metadata } = view.search;
  const id = `${metadata.namespace ?? ''}-${metadata.name}-${status.name}`;
  const best = points.find(({ recommended }) => recommended);
  return html`<section aria-labelledby="${id}">${heading(level, id, html`On ${link(links.hardware(status.name), status.name)}`)}
${status.message ? html`<p class="lead">${status.message[0]?.toUpperCase()}${status.message.slice(1)}.</p>` : ''}
${facts([
  ...(best
    ? [
        {
          name: 'Recommended',
          value: showMs(best.latencyMs),
          note: `${view.limits.percentile.toLowerCase()} of ${best.label}`,
        },
        {
          name: best.quality.metric,
          value: showValue(best.quality.metric, best.quality.value),
          note: showBytes(best.sizeBytes),
        },
      ]
    : []),
  { name: 'Measured', value: status.trials, note: `${showMany(status.front.length, 'variant')} on the front` },
  ...(status.skipped ? [{ name: 'Skipped', value: status.skipped, note: 'beaten for certain elsewhere' }] : []),
  ...(status.known ? [{ name: 'Known before', value: status.known, note: 'from other accelerators' }] : []),
])}
${
  points.length === 0
    ? html`<p>Nothing is measured yet.</p>`
    : figure(
        `${id}-front`,
        `Quality against latency on ${status.name}`,
        paretoChart(accelerator, view.limits, (variant) => links.variant(view.search, variant)),
      )
}
${points.length === 0 ? '' : details(`${id}-points`, 'The same as a table', pointsTable(view, accelerator, links))}
${forecastPart(id, view, accelerator)}
${narrowedTable(id, accelerator)}
</section>`;
};

const mishapsTable = (id: string, { mishaps }: SearchView) =>
  mishaps.length === 0
    ? ''
    : details(
        `${id}-mishaps`,
        `${showMany(mishaps.length, 'attempt')} that came to nothing`,
        table(
          'Variants and trials that failed',
          [{ name: 'what', wrap: true }, { name: 'reason' }, { name: 'message', wrap: true }],
          mishaps.map(({ label, reason, message }) => ({ cells: [label, reason, message] })),
        ),
      );

/** What a variant must keep to be recommended. */
function limitsFact({ limits, search }: SearchView): Fact[] {
  const { percentile, thresholdMs, quality } = limits;
  const phrase = limitPhrase(search.spec.quality.metric, quality);
  if (thresholdMs === undefined && phrase === undefined) return [];
  const latency = thresholdMs === undefined ? 'no threshold' : `${percentile.toLowerCase()} ≤ ${showMs(thresholdMs)}`;
  return [{ name: 'Limits', value: latency, note: phrase && `quality ${phrase}` }];
}

/** A search: how far it is, its front on each accelerator, what was left out and what failed. */
export function searchSection(view: SearchView, links: Links, level: 1 | 2 = 1) {
  const { search } = view;
  const { metadata, spec, status } = search;
  const { text, tone, message } = searchState(search);
  const id = `search-${metadata.namespace ?? ''}-${metadata.name}`;
  const title = html`Search ${fullName(search)} ${badge(text, tone)}`;
  const { variants, trials } = status ?? {};
  return html`<section aria-labelledby="${id}">${heading(level, id, title)}
${message ? html`<p class="lead">${message}</p>` : ''}
${facts([
  {
    name: 'Trials',
    value: trials?.succeeded ?? 0,
    note: `${trials?.running ?? 0} running, ${trials?.pending ?? 0} pending, ${trials?.failed ?? 0} failed`,
  },
  {
    name: 'Variants',
    value: variants?.ready ?? 0,
    note: `${variants?.pending ?? 0} pending, ${variants?.failed ?? 0} failed`,
  },
  ...limitsFact(view),
  { name: 'Budget', value: spec.budget.maxVariants, note: `variants on each accelerator, ${spec.budget.maxDuration}` },
  {
    name: 'Model',
    value: html`<code>${spec.model.uri.split('/').at(-1)}</code>`,
    note: spec.supernet ? 'a supernet' : 'any ONNX model',
  },
])}
${view.accelerators.map(onAccelerator(view, links, level === 1 ? 2 : 3))}
${mishapsTable(id, view)}
${conditionsTable(id, status?.conditions)}
</section>`;
}
