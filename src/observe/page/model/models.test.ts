import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlotData } from '../chart-data.ts';
import { example, profile, readingsExample, slaExample, timeOf } from '../fixtures.ts';
import { hardwareView, rooflineChart } from './hardware.ts';
import { overview, pageSize } from './overview.ts';
import { mostPoints, searchView } from './search.ts';
import { forecastChart, paretoChart } from './search-charts.ts';
import { timelineChart } from './sla.ts';
import { variantView } from './variant.ts';

const viewOf = (count: number) => {
  const { search, variants, trials } = example(count);
  return searchView(search, variants, trials);
};
const marks = (chart: PlotData | undefined) => chart?.groups.flatMap((group) => group.marks) ?? [];

test('every measured variant is a point that says why it won or not', () => {
  const [found] = viewOf(28).accelerators;
  assert.ok(found);
  assert.equal(found.points.length, 28);
  const winner = found.points.find(({ recommended }) => recommended);
  assert.match(winner?.why ?? '', /^Recommended: the most accurate on the front that is certain to keep 8.00 ms/);
  for (const point of found.points.filter(({ onFront, recommended }) => onFront && !recommended)) {
    const sentence = point.quality.value < 0.95 ? /its quality is not above 95.00%/ : /p99 may be|less accurate than/;
    assert.match(point.why, sentence);
  }
  const beaten = found.points.filter(({ onFront }) => !onFront);
  assert.ok(beaten.length > 5);
  for (const { why } of beaten) assert.match(why, /beaten by .* at /);
});

test('a variant that is beaten names one that is faster and no less accurate', () => {
  const [found] = viewOf(28).accelerators;
  for (const point of found?.points.filter(({ onFront }) => !onFront) ?? []) {
    const winner = found?.points.find(({ label }) => label && point.why.includes(`beaten by ${label}:`));
    assert.ok(winner && winner.latencyMs <= point.latencyMs && winner.quality.value >= point.quality.value, point.why);
  }
});

test('trials of machines that are no more, and those that ended early, count for nothing', () => {
  const { search, variants, trials } = example(6);
  const [, second, third] = trials;
  assert.ok(second && third?.status);
  second.spec.generation = 1;
  third.status.stoppedEarly = true;
  const [found] = searchView(search, variants, trials).accelerators;
  assert.equal(found?.points.length, 5);
  assert.match(found?.points.find(({ trial }) => trial === third)?.why ?? '', /ended early/);
  assert.ok(!found?.points.some(({ why }) => why.includes(`beaten by ${third.spec.variantRef.name}`)));
});

test('the front and the base are kept however many points there are, and the rest is counted', () => {
  const [found] = viewOf(1500).accelerators;
  assert.equal((found?.points.length ?? 0) + (found?.more ?? 0), 1500);
  assert.ok((found?.points.length ?? 0) <= mostPoints);
  assert.ok(found?.points.some(({ base }) => base) && found.points.some(({ recommended }) => recommended));
  const front = found?.status.front.length;
  assert.equal(found?.points.filter(({ onFront }) => onFront).length, front);
});

test('a point is told with its quality, its interval and its size, and a limit is drawn', () => {
  const view = viewOf(28);
  const [accelerator] = view.accelerators;
  assert.ok(accelerator);
  const chart = paretoChart(accelerator, view.limits, (variant) => `/${variant}`);
  assert.equal(marks(chart).length, 28);
  for (const { text, xRange, x } of marks(chart)) {
    assert.match(text.join('\n'), /Top1 \d+\.\d+% \(.*\n\S* ?p99 .* ms \(.* to .*\)\n.* MiB\n/);
    assert.ok(xRange && xRange[0] <= x && x <= xRange[1]);
  }
  assert.deepEqual(
    chart.limits.map(({ at, label }) => [at, label]),
    [[8, '8.00 ms']],
  );
});

test('forecasts stand against what was measured, with how far off they were', () => {
  const view = viewOf(28);
  const [accelerator] = view.accelerators;
  assert.ok(accelerator);
  assert.equal(accelerator.forecast?.count, 24);
  assert.ok((accelerator.forecast?.meanError ?? 1) < 0.15);
  assert.equal(marks(forecastChart(accelerator, view.limits)).length, 24);
  const [none] = viewOf(3).accelerators;
  assert.equal(none && forecastChart(none, view.limits), undefined);
});

test('a variant stands beside the base part by part, and the times of each add up to their whole', () => {
  const { search, variants, trials } = example(10);
  const view = variantView(search, { variants, trials }, [profile], 'orientation-v4');
  const [on] = view?.on ?? [];
  assert.ok(on?.base?.base);
  const share = (of: 'base' | 'variant') => on.parts.reduce((sum, pair) => sum + (pair[of]?.share ?? 0), 0);
  assert.ok(Math.abs(share('base') - 1) < 1e-9 && Math.abs(share('variant') - 1) < 1e-9);
  assert.ok(on.parts.some(({ name, base }) => name === 'Quantise' && !base));
  // The base stands there too where it was not measured, by what its graph says.
  const [base] = variants;
  const parts = trials[0]?.status?.work?.parts;
  if (base?.status) base.status.parts = parts;
  const unmeasured = variantView(search, { variants, trials: trials.slice(1) }, [profile], 'orientation-v4')?.on[0];
  assert.equal(unmeasured?.base, undefined);
  assert.deepEqual(unmeasured?.parts, on.parts);
  assert.equal(variantView(search, { variants, trials }, [profile], 'stranger'), undefined);
});

test('no variant of the example is above the roof of its bandwidths and peaks', () => {
  const view = hardwareView(profile, [viewOf(28)]);
  const chart = rooflineChart(view);
  assert.equal(marks(chart).length, 28);
  for (const { x, y } of marks(chart)) assert.ok(y <= 190 && y <= 140 * x);
  assert.equal(rooflineChart({ ...view, profile: { ...profile, status: {} } }), undefined);
});

test('a timeline has each event on the threshold, and verdicts without a gap behind it', () => {
  const chart = timelineChart({ sla: slaExample(), readings: readingsExample });
  assert.equal(marks(chart).length, 5);
  assert.ok(marks(chart).every(({ y }) => y === 50));
  const bands = chart?.bands ?? [];
  assert.deepEqual(
    bands.map(({ colour }) => colour),
    ['good', 'bad', 'good'],
  );
  assert.ok(bands.every(({ from }, i) => i === 0 || from === bands[i - 1]?.to));
});

test('events that are long past leave the readings their room, and are drawn when there are no readings', () => {
  const readings = readingsExample.map((one, i) => ({ ...one, at: timeOf(864_000 + 5 * i) }));
  assert.equal(marks(timelineChart({ sla: slaExample(), readings })).length, 0);
  assert.equal(marks(timelineChart({ sla: slaExample(), readings: [] })).length, 5);
  const { status: _, ...bare } = slaExample();
  assert.equal(timelineChart({ sla: bare, readings: [] }), undefined);
});

test('what needs attention comes first, a page at a time, found by part of its name', () => {
  const slas = Array.from({ length: 120 }, (_, i) => slaExample(`web-${i}`, i === 77 ? 90 : 20));
  const all = overview({ searches: [], slas, profiles: [] }, { text: '', page: 1 });
  assert.equal(all.slas.items[0]?.metadata.name, 'web-77');
  assert.deepEqual([all.slas.items.length, all.slas.pages, all.verdicts.Violated], [pageSize, 3, 1]);
  const last = overview({ searches: [], slas, profiles: [] }, { text: '', page: 99 });
  assert.deepEqual([last.slas.page, last.slas.items.length], [3, 20]);
  const found = overview({ searches: [], slas, profiles: [] }, { text: 'WEB-11', page: 1 });
  assert.equal(found.slas.total, 11);
});
