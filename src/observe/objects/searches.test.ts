import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { apiVersion } from '../../api/common.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import type { Watched } from '../../runtime/controller.ts';
import { searchMetrics } from './searches.ts';

const condition = (status: 'True' | 'False' | 'Unknown', reason: string) => ({
  ...{ type: 'Succeeded', status, reason, message: reason, lastTransitionTime: '2026-01-01T00:00:00Z' },
});
const point = { p50Ms: 1, p99Ms: 2, p99LowMs: 2, p99HighMs: 2, sizeBytes: 1, quality: 1, label: 'a' };
const search = (name: string): NASSearch => ({
  ...{
    apiVersion,
    kind: 'NASSearch',
    metadata: { name, namespace: 'shop', creationTimestamp: `2026-01-01T00:00:0${name.length}Z` },
  },
  spec: { latency: { percentile: 'P99' }, budget: { maxVariants: 24 } } as NASSearch['spec'],
  status: {
    conditions: [condition('True', 'Completed')],
    accelerators: [{ name: 'cpu', trials: 3, hypervolume: 7, recommended: 'v', front: [{ ...point, variant: 'v' }] }],
  },
});
const trial = (status: Partial<Trial['status']> & object): Trial => ({
  ...{ apiVersion, kind: 'Trial', metadata: { name: 't', namespace: 'shop' } },
  spec: { searchRef: { name: 's' }, accelerator: 'cpu', expected: { ms: 9, lowMs: 8, highMs: 10 } } as Trial['spec'],
  status: { conditions: [], ...status },
});
const latency = { p50Ms: 5, p90Ms: 8, p99Ms: 10, p99LowMs: 9, p99HighMs: 11, meanMs: 5, samples: 1000 };
const ended = trial({ conditions: [condition('True', 'Measured')], latency, measuredSeconds: 4, overheadSeconds: 3 });

function watching() {
  const registry = new Registry();
  const [searches, trials] = searchMetrics(registry) as [Watched<NASSearch>, Watched<Trial>];
  return { registry, searches, trials };
}

test('searches and trials are counted by state, and each search has its front', async () => {
  const { registry, searches, trials } = watching();
  searches.map(search('s'), 'Added');
  trials.map(trial({}), 'Added');
  const text = await registry.metrics();
  assert.match(text, /retune_searches\{state="succeeded",reason="Completed"\} 1/);
  assert.match(text, /retune_trials\{state="running",reason="Pending"\} 1/);
  assert.match(
    text,
    /retune_search_recommended_latency_seconds\{namespace="shop",search="s",accelerator="cpu"\} 0\.002/,
  );
  searches.map(search('s'), 'Deleted');
  assert.doesNotMatch(await registry.metrics(), /search="s"/);
});

test('what a trial took is told once, when it ends, with how far off its forecast was', async () => {
  const { registry, searches, trials } = watching();
  searches.map(search('s'), 'Added');
  trials.map(trial({}), 'Added');
  trials.map(ended, 'Modified');
  trials.map(ended, 'Modified');
  const text = await registry.metrics();
  assert.match(text, /retune_trial_measuring_seconds_sum 4\n/);
  assert.match(text, /retune_forecast_error_ratio_bucket\{le="0.1"\} 1\n/);
  assert.match(text, /retune_forecast_error_ratio_bucket\{le="0.05"\} 0\n/);
  const later = watching();
  later.trials.map(ended, 'Added');
  assert.match(await later.registry.metrics(), /retune_trial_measuring_seconds_count 0\n/);
});

test('a search has its state, its budget, the points of its front, and what its forecasts were worth', async () => {
  const { registry, searches, trials } = watching();
  searches.map(search('s'), 'Added');
  trials.map(ended, 'Added');
  const far = { ...ended, metadata: { name: 'far', namespace: 'shop' } };
  trials.map({ ...far, spec: { ...far.spec, expected: { ms: 13, lowMs: 12, highMs: 14 } } }, 'Added');
  trials.map({ ...far, metadata: { name: 'of-another', namespace: 'other' } }, 'Added');
  const text = await registry.metrics();
  const labels = 'namespace="shop",search="s"';
  for (const line of [
    `retune_search_info{${labels},state="succeeded",reason="Completed"} 1`,
    `retune_search_variants_budget{${labels}} 24`,
    `retune_search_front_latency_seconds{${labels},accelerator="cpu",variant="v"} 0.002`,
    `retune_search_front_quality{${labels},accelerator="cpu",variant="v"} 1`,
    `retune_search_forecast_within_ratio{${labels},accelerator="cpu"} 0.5`,
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  const [, error] = /retune_search_forecast_error_ratio\{.*\} (.*)\n/.exec(text) ?? [];
  assert.ok(Math.abs(Number(error) - 0.2) < 1e-9, error);
  assert.doesNotMatch(text, /namespace="other"/);
});

test('ten thousand searches have bounded series, and how many have none is told', async () => {
  const { registry, searches } = watching();
  for (let i = 0; i < 10_000; i++)
    searches.map({ ...search('s'), metadata: { name: `s${i}`, namespace: 'shop' } }, 'Added');
  const text = await registry.metrics();
  assert.ok(text.split('\n').length < 5000, `${text.split('\n').length} lines`);
  assert.match(text, /retune_searches_without_series 9500/);
});

test('of long fronts those of the youngest searches have points', async () => {
  const { registry, searches } = watching();
  for (let i = 0; i < 100; i++) {
    const one = search('s');
    const front = Array.from({ length: 24 }, (_, j) => ({ ...point, variant: `v${j}` }));
    const creationTimestamp = `2026-01-01T00:${String(i % 60).padStart(2, '0')}:${i < 60 ? '00' : '30'}Z`;
    const status = { conditions: [], accelerators: [{ name: 'cpu', trials: 24, front }] };
    searches.map({ ...one, metadata: { name: `s${i}`, namespace: 'shop', creationTimestamp }, status }, 'Added');
  }
  const text = await registry.metrics();
  const found = text.match(/^retune_search_front_quality\{.*/gm) ?? [];
  assert.equal(found.length, 41 * 24);
  assert.ok(found.some((line) => line.includes('search="s59"')));
  assert.ok(!found.some((line) => line.includes('search="s0"')));
});
