import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { apiVersion } from '../../api/common.ts';
import type { LatencySLA, LatencySLAStatus } from '../../api/latency-sla.ts';
import type { Watched } from '../../runtime/controller.ts';
import { slaMetrics } from './slas.ts';

const sla = (status: Partial<LatencySLAStatus>, name = 'web'): LatencySLA => ({
  ...{ apiVersion, kind: 'LatencySLA', metadata: { name, namespace: 'shop' } },
  spec: { objective: { percentile: 'P99', threshold: '50ms' } } as LatencySLA['spec'],
  status: { conditions: [], ...status },
});
const ended = (at: string, event: 'Promoted' | 'RolledBack') => ({ at, event, reason: 'r', message: 'm' });

function watching() {
  const registry = new Registry();
  const [slas] = slaMetrics(registry) as [Watched<LatencySLA>];
  return { registry, slas };
}

test('an SLA has its percentile, threshold, burn, verdict and cause', async () => {
  const { registry, slas } = watching();
  const windows = [{ seconds: 300, requests: 100, slow: 2, burnRate: 2 }];
  const errorBudget = {
    of: 'P99 50ms',
    periodSeconds: 2_592_000,
    seenSeconds: 300,
    left: 0.75,
    burning: 'Fast' as const,
    windows,
  };
  const measured = { percentileMs: 60, samples: 100, ratePerSecond: 10, at: '2026-01-01T00:00:00Z' };
  slas.map(sla({ verdict: 'Violated', cause: 'Load', measured, errorBudget, activeVariant: 'v' }), 'Added');
  const text = await registry.metrics();
  for (const line of [
    'retune_sla_latency_seconds{namespace="shop",sla="web"} 0.06',
    'retune_sla_threshold_seconds{namespace="shop",sla="web"} 0.05',
    'retune_sla_burn_rate{namespace="shop",sla="web",window="300s"} 2',
    'retune_sla_burning{namespace="shop",sla="web",speed="Fast"} 1',
    'retune_sla_suspended{namespace="shop",sla="web"} 0',
    'retune_sla_burning{namespace="shop",sla="web",speed="Slow"} 0',
    'retune_sla_error_budget_left_ratio{namespace="shop",sla="web"} 0.75',
    'retune_sla_verdict{namespace="shop",sla="web",verdict="Violated"} 1',
    'retune_sla_cause{namespace="shop",sla="web",cause="Throttling"} 0',
    'retune_sla_cause{namespace="shop",sla="web",cause="Load"} 1',
    'retune_slas{verdict="Violated"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
});

test('a rollout counts once, and not when it ended before anybody looked', async () => {
  const { registry, slas } = watching();
  const first = sla({ history: [ended('2026-01-01T00:00:00Z', 'Promoted')] });
  const second = sla({ history: [...(first.status?.history ?? []), ended('2026-01-01T01:00:00Z', 'RolledBack')] });
  slas.map(first, 'Added');
  slas.map(second, 'Modified');
  slas.map(second, 'Modified');
  const text = await registry.metrics();
  assert.match(text, /retune_rollouts_total\{result="Promoted"\} 0\n/);
  assert.match(text, /retune_rollouts_total\{result="RolledBack"\} 1\n/);
  assert.match(text, /retune_sla_rollouts_total\{namespace="shop",sla="web",result="Promoted"\} 0\n/);
  assert.match(text, /retune_sla_rollouts_total\{namespace="shop",sla="web",result="RolledBack"\} 1\n/);
  slas.map(second, 'Deleted');
  assert.doesNotMatch(await registry.metrics(), /sla="web"/);
  slas.map(first, 'Added');
  assert.match(
    await registry.metrics(),
    /retune_sla_rollouts_total\{namespace="shop",sla="web",result="RolledBack"\} 0\n/,
  );
});

test('ten thousand SLAs have bounded series', async () => {
  const { registry, slas } = watching();
  for (let i = 0; i < 10_000; i++) slas.map(sla({}, `web-${i}`), 'Added');
  const text = await registry.metrics();
  assert.ok(text.split('\n').length < 15_000);
  assert.match(text, /retune_slas_without_series 9500\n/);
});
