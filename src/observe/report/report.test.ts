import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportData } from './data.ts';
import { renderReport } from './report.ts';

const point = { variant: 'v', sizeBytes: 4096, p99LowMs: 4, p99HighMs: 6, p50Ms: 4, onFront: true, recommended: false };
const data: ReportData = {
  title: 'A <report>',
  generatedAt: '2026-01-01T00:00:00Z',
  headline: [{ label: 'p99', value: '5 ms', note: 'was 50 ms' }],
  searches: [
    {
      name: 'quickstart',
      accelerator: 'cpu-a',
      thresholdMs: 25,
      scale: { metric: 'Top1' },
      points: [
        { ...point, label: 'base', quality: 0.98, p99Ms: 12 },
        { ...point, label: 'small', quality: 0.95, p99Ms: 5, recommended: true },
      ],
    },
  ],
  slas: [
    {
      name: 'web',
      workload: 'web',
      thresholdMs: 25,
      percentile: 'P99',
      series: [
        { at: '2026-01-01T00:00:00Z', percentileMs: 50, ratePerSecond: 10 },
        { at: '2026-01-01T00:00:30Z', ratePerSecond: 0 },
      ],
      history: [{ at: '2026-01-01T00:00:10Z', event: 'Promoted', reason: 'CanaryBetter', message: 'p99 & all' }],
    },
  ],
};

test('a report is one escaped file with a drawing for each search and SLA and nothing from outside', async () => {
  const page = await renderReport(data);
  assert.match(page, /<h1>A &lt;report&gt;<\/h1>/);
  assert.match(page, /p99 &amp; all/);
  assert.equal(page.match(/<svg role="img"/g)?.length, 2);
  assert.doesNotMatch(page, /<script|<link|<img/);
});

test('a metric is shown in its own unit, and the best comes first whichever way that is', async () => {
  const [first] = data.searches;
  assert.ok(first);
  const points = first.points.map((one, i) => ({ ...one, quality: [23.4567, 20.1][i] ?? 0 }));
  const page = await renderReport({ ...data, searches: [{ ...first, scale: { metric: 'Perplexity' }, points }] });
  assert.match(page, /<th>Perplexity<\/th>/);
  assert.ok(page.indexOf('<td>20.10</td>') < page.indexOf('<td>23.46</td>'));
  assert.ok(page.indexOf('<td>20.10</td>') > 0);
});
