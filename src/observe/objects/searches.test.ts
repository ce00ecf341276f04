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
  spec: { latency: { percentile: 'P99' } } as NASSearch['spec'],
  status: {
    conditions: [condition('True', 'Completed')],
    accelerators: [{ name: 'cpu', trials: 3, hypervolume: 7, recommended: 'v', front: [{ ...point, variant: 'v' }] }],
  },
});
const trial = (status: Partial<Trial['status']> & object): Trial => ({
  ...{ apiVersion, kind: 'Trial', metadata: { name: 't', namespace: 'shop' } },
  spec: { searchRef: { name: 's' }, expected: { ms: 9, lowMs: 8, highMs: 10 } } as Trial['spec'],
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

test('ten thousand searches have bounded series, and how many have none is told', async () => {
  const { registry, searches } = watching();
  for (let i = 0; i < 10_000; i++)
    searches.map({ ...search('s'), metadata: { name: `s${i}`, namespace: 'shop' } }, 'Added');
  const text = await registry.metrics();
  assert.ok(text.split('\n').length < 5000, `${text.split('\n').length} lines`);
  assert.match(text, /retune_searches_without_series 9500/);
});
