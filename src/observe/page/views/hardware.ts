import { html } from 'hono/html';
import { showBytes, showMany, showMs, showNumber } from '../format.ts';
import { type HardwareView, rooflineChart } from '../model/hardware.ts';
import { figure } from './figure.ts';
import { conditionsTable, type Links, link } from './parts.ts';
import { badge, details, type Fact, facts, heading, table } from './table.ts';

const telling = /^(avx|amx|sse4|fma|f16c|neon|asimd|sve|bf16|i8mm|vnni)/i;

function factsOf({ profile }: HardwareView): Fact[] {
  const { facts: found, abilities, nodeCount = 0, generation, nodes = [] } = profile.status ?? {};
  const { l1d, l2, l3 } = found?.cacheBytes ?? {};
  const caches = [l1d, l2, l3].map((bytes) => (bytes ? showBytes(bytes) : '–')).join(' / ');
  return [
    { name: 'Nodes', value: nodeCount, note: nodes.slice(0, 3).join(', ') + (nodeCount > 3 ? ', …' : '') },
    { name: 'Generation', value: generation ?? '–', note: 'what is found to be there' },
    ...(found
      ? [
          {
            name: 'Processor',
            value: html`<span class="words">${found.cpuModel}</span>`,
            wide: true,
            note: `${showMany(found.cores, 'core')}, ${found.engine}`,
          },
          { name: 'Caches', wide: true, value: html`<span class="words">${caches}</span>`, note: 'L1 data / L2 / L3' },
        ]
      : []),
    ...(abilities
      ? [
          { name: 'Memory', value: showNumber(abilities.bandwidthGBps.memory, 'GB/s'), note: 'one thread' },
          { name: 'FP32', value: showNumber(abilities.peakGops.fp32, 'Gop/s'), note: 'one thread' },
          { name: 'INT8', value: showNumber(abilities.peakGops.int8, 'Gop/s'), note: 'one thread' },
        ]
      : []),
  ];
}

const runsTable = ({ runs }: HardwareView, links: Links) =>
  table(
    'Measured variants',
    [
      { name: 'candidate' },
      { name: 'search' },
      ...['ops a byte', 'Gop/s', 'p50'].map((name) => ({ name, number: true })),
      { name: '' },
    ],
    runs.map(({ search, namespace, point, opsPerByte, gops }) => {
      const of = { metadata: { namespace, name: search } };
      return {
        strong: point.recommended,
        cells: [
          ...[link(links.variant(of, point.variant), point.label), link(links.search(of), search)],
          ...[showNumber(opsPerByte), showNumber(gops), showMs(point.latency.p50Ms)],
          point.recommended ? badge('recommended', 'good') : '',
        ],
      };
    }),
  );

function abilitiesTables({ profile }: HardwareView) {
  const { abilities } = profile.status ?? {};
  if (!abilities) return html`<p>It has not been probed yet: there is no roofline.</p>`;
  const { bandwidthGBps, kernels } = abilities;
  const id = `hardware-${profile.metadata.name}`;
  return html`${details(
    `${id}-bandwidths`,
    'Bandwidths',
    table(
      'Bytes that a triad moves in a second',
      [{ name: 'level' }, { name: 'GB/s', number: true }],
      Object.entries(bandwidthGBps).map(([level, rate]) => ({ cells: [level, showNumber(rate)] })),
    ),
  )}
${details(
  `${id}-kernels`,
  'What each precision gains for each kind of layer',
  table(
    'Layers with one thread',
    [
      { name: 'layer' },
      { name: 'precision' },
      { name: 'Gop/s', number: true },
      { name: 'time, as a share of FP32', number: true },
    ],
    kernels.map(({ kind, precision, gops, ratio }) => ({
      cells: [kind, precision, showNumber(gops), showNumber(ratio)],
    })),
  ),
)}`;
}

/** An accelerator type: what it is, what it can do, and how near measured variants come to that. */
export function hardwareSection(view: HardwareView, links: Links, level: 1 | 2 = 1) {
  const { profile, runs } = view;
  const { name } = profile.metadata;
  const sets = profile.status?.facts?.instructionSets ?? [];
  const id = `hardware-${name}`;
  return html`<section aria-labelledby="${id}">${heading(level, id, `Accelerator ${name}`)}
${facts(factsOf(view))}
${figure(`${id}-roofline`, `Roofline of ${name}: what its memory and its arithmetic allow, with one thread`, rooflineChart(view))}
${runs.length > 0 ? details(`${id}-runs`, 'Measured variants as a table', runsTable(view, links)) : ''}
${abilitiesTables(view)}
${sets.length > 0 ? html`<p class="sets">Instruction sets: ${sets.map((set) => html`<code class="${telling.test(set) ? 'telling' : ''}">${set}</code> `)}</p>` : ''}
${conditionsTable(id, profile.status?.conditions)}
</section>`;
}
