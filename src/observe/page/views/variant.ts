import { html } from 'hono/html';
import { showValue } from '../../../core/quality/metric.ts';
import { label } from '../../../core/search/candidate.ts';
import { showBytes, showCount, showMany, showMs, showNumber, showShare } from '../format.ts';
import { type PartPair, type PartRow, partsChart } from '../model/parts.ts';
import type { Beside, VariantView } from '../model/variant.ts';
import { figure } from './figure.ts';
import { conditionsTable, fullName, type Links, link } from './parts.ts';
import { details, type Fact, facts, heading, table } from './table.ts';

const change = (now: number, before: number | undefined) =>
  before ? `${showNumber(now / before)} × the base` : undefined;

const time = (row: PartRow | undefined) =>
  row?.ms === undefined ? '' : `${showMs(row.ms)} (${showShare(row.share ?? 0)})`;
const size = (row: PartRow | undefined) =>
  row ? `${row.part.count} × ${showCount(row.part.macs)} MACs, ${showBytes(row.part.bytes)}` : 'none';

const partsTable = (accelerator: string, pairs: readonly PartPair[]) =>
  table(
    `What a run is made of, and where its time goes by the table of ${accelerator}`,
    [
      { name: 'operators' },
      ...['base', 'time of the base', 'variant', 'time of the variant'].map((name) => ({ name, number: true })),
    ],
    pairs.map(({ name, base, variant }) => ({ cells: [name, size(base), time(base), size(variant), time(variant)] })),
  );

function figuresOf({ point, base }: Beside): Fact[] {
  const { status } = point.trial;
  const { ratio } = status ?? {};
  return [
    {
      name: 'p50',
      value: showMs(point.latency.p50Ms),
      note: ratio && `${showNumber(ratio.value)} (${showNumber(ratio.low)} to ${showNumber(ratio.high)}) × the base`,
    },
    {
      name: 'p99',
      value: showMs(point.latency.p99Ms),
      note: `${showMs(point.latency.p99LowMs)} to ${showMs(point.latency.p99HighMs)}`,
    },
    ...(status?.throughputPerSecond === undefined
      ? []
      : [
          { name: 'Throughput', value: `${showNumber(status.throughputPerSecond)}/s`, note: 'requests at one replica' },
        ]),
    { name: 'Size', value: showBytes(point.sizeBytes), note: change(point.sizeBytes, base?.sizeBytes) },
    ...(status?.peakMemoryBytes
      ? [
          {
            name: 'Peak memory',
            value: showBytes(status.peakMemoryBytes),
            note: change(status.peakMemoryBytes, base?.trial.status?.peakMemoryBytes),
          },
        ]
      : []),
    ...(status?.memory
      ? [
          {
            name: 'Memory wall',
            value: `${showNumber(status.memory.opsPerByte)} ops/B`,
            note:
              status.memory.utilisation === undefined
                ? undefined
                : `${showShare(status.memory.utilisation)} of the bandwidth`,
          },
        ]
      : []),
  ];
}

const on = (links: Links, level: 2 | 3) => (beside: Beside) => {
  const { accelerator, point, parts } = beside;
  const id = `${point.variant}-${accelerator}`;
  return html`<section aria-labelledby="${id}">${heading(level, id, html`On ${link(links.hardware(accelerator), accelerator)}`)}
<p class="lead">${point.why}</p>
${facts(figuresOf(beside))}
${figure(`${id}-parts`, `Where the time goes on ${accelerator}, base and variant`, partsChart(parts))}
${parts.length > 0 ? details(`${id}-table`, 'Operators of both, as a table', partsTable(accelerator, parts)) : ''}
</section>`;
};

/** A variant beside the base of its search. */
export function variantSection(view: VariantView, links: Links, level: 1 | 2 = 1) {
  const { variant, search } = view;
  const { candidate } = variant.spec;
  const { quality, artifact } = variant.status ?? {};
  const { name } = variant.metadata;
  const dimensions = Object.entries(candidate.dimensions);
  return html`<section aria-labelledby="variant-${name}"><p class="path">${link(links.search(search), `Search ${fullName(search)}`)}</p>
${heading(level, `variant-${name}`, label(candidate))}
<p><code>${name}</code></p>
${facts([
  ...(quality
    ? [
        {
          name: quality.metric,
          value: showValue(quality.metric, quality.value),
          note: `${showValue(quality.metric, quality.low)} to ${showValue(quality.metric, quality.high)}, ${quality.samples} samples`,
        },
      ]
    : []),
  { name: 'Precision', value: candidate.precision },
  {
    name: 'Engine',
    value: showMany(candidate.engine.threads, 'thread'),
    note: `graph optimisation ${candidate.engine.graphOptimization}`,
  },
])}
${view.on.length === 0 ? html`<p>It is not measured on any accelerator.</p>` : view.on.map(on(links, level === 1 ? 2 : 3))}
${
  dimensions.length > 0
    ? details(
        `${name}-dimensions`,
        'What was chosen',
        table(
          'The choice for each dimension',
          [{ name: 'dimension' }, { name: 'choice', number: true }],
          dimensions.map(([dimension, choice]) => ({ cells: [dimension, choice] })),
        ),
      )
    : ''
}
${artifact ? html`<p>Artifact <code class="long">${artifact.digest}</code></p>` : ''}
${conditionsTable(name, variant.status?.conditions)}
</section>`;
}
