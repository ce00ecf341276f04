/**
 * Every query of every dashboard and every alert rule, asked of Debian's Prometheus that scrapes the operator's own metrics
 * while objects change.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { operatorMetrics } from '../../src/observe/operator-metrics.ts';
import { Processes } from '../cluster/process.ts';
import { controllers, live, steps } from './operator-days.ts';
import { alertRules, answered, labelValues } from './promql.ts';
import { program, startPrometheus } from './start.ts';

const skip = !existsSync(program) && 'Prometheus is not installed';

interface Dashboard {
  title: string;
  panels: { title: string; type: string; targets?: { expr: string; instant?: boolean }[] }[];
  templating: { list: { name: string; type: string; query: string | { query: string } }[] };
  annotations: { list?: { name: string; expr: string }[] };
}
const dashboards = globSync('helm/retune/dashboards/*.json').map((path) => ({
  name: basename(path, '.json'),
  dashboard: JSON.parse(readFileSync(path, 'utf8')) as Dashboard,
}));
const chosen = { namespace: 'shop', sla: 'web', search: 'tiny', accelerator: 'cpu', __rate_interval: '6s' };

/** What Grafana would ask with these choices. */
function substituted(text: string, choices: Record<string, string>): string {
  const asked = text.replaceAll(/\$(\w+)/g, (whole, name) => choices[name] ?? whole);
  assert.doesNotMatch(asked, /\$/, 'a variable that the dashboard does not have');
  return asked;
}

describe('Dashboards', { skip }, () => {
  let [home, url] = ['', ''];
  let processes: Processes;
  let operator: Server;
  const metrics = operatorMetrics(controllers, '0.0.0');
  metrics.watchAge(() => 3);

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'retune-dashboards-'));
    processes = new Processes(home);
    operator = createServer(async (_, response) => {
      response.setHeader('content-type', metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    });
    await new Promise<void>((listening) => operator.listen(0, '127.0.0.1', listening));
    const { port } = operator.address() as AddressInfo;
    // As a ServiceMonitor of the chart has it done.
    const config = {
      global: { scrape_interval: '500ms', evaluation_interval: '1s' },
      rule_files: [resolve('helm/retune/rules/*.yaml')],
      scrape_configs: [
        {
          ...{ job_name: 'retune', honor_labels: true },
          static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { namespace: 'retune-system', pod: 'retune-0' } }],
        },
      ],
    };
    live(metrics, 0);
    url = await startPrometheus(processes, home, JSON.stringify(config));
    for (let step = 1; step <= steps; step++) {
      await sleep(1000);
      live(metrics, step);
    }
    await sleep(1500);
  });
  after(async () => {
    await processes?.stop();
    operator?.closeAllConnections();
    operator?.close();
    await rm(home, { recursive: true, force: true });
  });

  const secondsLived = steps + 3;
  async function hasData(expr: string, seconds?: number): Promise<void> {
    const known = metrics.registry.getMetricsAsArray().map(({ name }) => name);
    for (const [name] of expr.matchAll(/\bretune_\w+/g)) {
      assert.ok(known.includes(name.replace(/_(bucket|sum|count)$/, '')) || known.includes(name), `${name} in ${expr}`);
    }
    assert.ok((await answered(url, expr, seconds)).length > 0, `no data: ${expr}`);
  }

  test('there are four, each with panels', () => {
    assert.deepEqual(dashboards.map(({ name }) => name).sort(), ['fleet', 'operator', 'search', 'sla']);
  });

  for (const { name, dashboard } of dashboards) {
    const choices = name === 'operator' ? { ...chosen, namespace: 'retune-system' } : chosen;
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');

    for (const { title, type, targets = [] } of panels) {
      test(`${name}: the ${type} "${title}" has data`, async () => {
        assert.ok(targets.length > 0);
        for (const { expr, instant } of targets)
          await hasData(substituted(expr, choices), instant ? undefined : secondsLived);
      });
    }

    for (const { name: what, expr } of dashboard.annotations.list ?? []) {
      test(`${name}: ${what} are marked`, () => hasData(substituted(expr, choices), secondsLived));
    }

    test(`${name}: each variable can be chosen`, async () => {
      const [source, ...variables] = dashboard.templating.list;
      assert.deepEqual([source?.type, source?.query], ['datasource', 'prometheus']);
      for (const { name: variable, query } of variables) {
        const [, series = '', label = ''] =
          /^label_values\((.*), (\w+)\)$/.exec((query as { query: string }).query) ?? [];
        const values = await labelValues(url, substituted(series, choices), label);
        assert.ok(values.includes((choices as Record<string, string>)[variable] ?? ''), `${variable}: ${values}`);
      }
    });
  }

  test('a metric that the operator does not have, and a query without data, are found', async () => {
    await assert.rejects(hasData('sum(retune_sla_no_such)'), /retune_sla_no_such in/);
    await assert.rejects(hasData('retune_sla_threshold_seconds{namespace="nowhere"}'), /no data/);
    await assert.rejects(
      hasData('histogram_quantile(0.5, retune_forecast_error_ratio_bucket{le="none"})', 5),
      /no data/,
    );
  });

  test('alert rules are evaluated, and what went wrong here is alerted upon', async () => {
    const rules = await alertRules(url);
    for (const { name, health, lastError } of rules) assert.equal(health, 'ok', `${name}: ${lastError}`);
    const active = rules.filter(({ state }) => state !== 'inactive').map(({ name }) => name);
    assert.deepEqual(active.sort(), [
      ...['RetuneBudgetBurnsFast', 'RetuneBudgetBurnsSlowly', 'RetuneBudgetSpent', 'RetuneForecastsFarOff'],
      ...['RetuneRollbacksRepeat', 'RetuneSearchFailed', 'RetuneSlaWithoutData'],
    ]);
  });
});
