import { html, raw } from 'hono/html';
import { lossOf, type Scale, showValue } from '../../core/quality/metric.ts';
import { paretoChart, timelineChart } from './charts.ts';
import type { ReportData, SearchReport, SlaReport, TrialPoint } from './data.ts';

const style = `
:root { color-scheme: light dark; --ink: #1d2530; --paper: #fdfdfb; --faint: #9aa4b1; --accent: #2a6fdb; --good: #1b8a4b; --bad: #c63b3b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #14181e; --faint: #66717f; --accent: #6ea8ff; --good: #4fc884; --bad: #ff7a7a; } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
svg { width: 100%; min-width: 36rem; height: auto; }
dl { display: flex; flex-wrap: wrap; gap: 1rem; padding: 0; }
dl div { border: 1px solid var(--faint); border-radius: .5rem; padding: .6rem 1rem; flex: 1 1 9rem; }
dt { font-size: .85rem; } dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; } dd small { display: block; font-size: .8rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--faint); white-space: nowrap; } td.wrap { white-space: normal; min-width: 18rem; }
tr.recommended td { font-weight: 600; }
`;

const ms = (value: number) => value.toFixed(value < 10 ? 2 : 1);

const pointRow =
  ({ metric }: Scale) =>
  (point: TrialPoint) =>
    html`<tr class="${point.recommended ? 'recommended' : ''}">
<td>${point.label}</td><td>${showValue(metric, point.quality)}</td><td>${ms(point.p50Ms)}</td>
<td>${ms(point.p99Ms)} (${ms(point.p99LowMs)}–${ms(point.p99HighMs)})</td><td>${(point.sizeBytes / 1024).toFixed(0)}</td>
<td>${point.memory?.opsPerByte.toFixed(1)}</td><td>${point.memory?.utilisation === undefined ? '' : `${(100 * point.memory.utilisation).toFixed(0)}%`}</td>
<td>${point.recommended ? 'recommended' : point.onFront ? 'on the front' : ''}</td></tr>`;

const loss = ({ scale }: SearchReport, { quality }: TrialPoint) => lossOf({ ...scale, value: quality });

const leftOut = ({ narrowed = [] }: SearchReport) =>
  narrowed.length === 0
    ? ''
    : html`<p>Left out on this accelerator:</p><ul>${narrowed.map(({ choice, reason }) => html`<li>${choice}: ${reason}</li>`)}</ul>`;

const search = (data: SearchReport) => html`<h2>Search ${data.name} on ${data.accelerator}</h2>
<div class="scroll">${raw(paretoChart(data))}</div>
<div class="scroll"><table><thead><tr><th>candidate</th><th>${data.scale.metric}</th><th>p50 ms</th><th>p99 ms (95% interval)</th><th>KiB</th><th>ops a byte</th><th>of memory bandwidth</th><th></th></tr></thead>
<tbody>${[...data.points].sort((a, b) => loss(data, a) - loss(data, b) || a.p99Ms - b.p99Ms).map(pointRow(data.scale))}</tbody></table></div>
${leftOut(data)}`;

const sla = (data: SlaReport) => html`<h2>SLA ${data.name} of ${data.workload}</h2>
<div class="scroll">${raw(timelineChart(data))}</div>
<div class="scroll"><table><thead><tr><th>time</th><th>event</th><th>reason</th><th>message</th></tr></thead>
<tbody>${data.history.map(({ at, event, reason, message }) => html`<tr><td>${at.slice(11, 19)}</td><td>${event}</td><td>${reason}</td><td class="wrap">${message}</td></tr>`)}</tbody></table></div>`;

/** One HTML file with everything in it: no script, no font and no image from anywhere else. */
export async function renderReport(data: ReportData): Promise<string> {
  const page = await html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${data.title}</title><style>${raw(style)}</style></head><body>
<h1>${data.title}</h1><p>Written ${data.generatedAt}</p>
<dl>${data.headline.map(({ label, value, note }) => html`<div><dt>${label}</dt><dd>${value}${note ? html`<small>${note}</small>` : ''}</dd></div>`)}</dl>
${data.slas.map(sla)}
${data.searches.map(search)}
</body></html>`;
  return page.toString();
}
