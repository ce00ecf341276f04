/** The controller, the API and the scraping reader together, on a clock of the test: what survives in status. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../src/api/resources.ts';
import type { Variant } from '../../src/api/variant.ts';
import { embeddedKinds } from '../../src/cli/embedded-kinds.ts';
import { slaController } from '../../src/controllers/sla/controller.ts';
import { anSla, aSnapshot, baseUri, nowMs } from '../../src/controllers/sla/fixtures.ts';
import type { ApiObject, Cluster, ResourceType } from '../../src/runtime/cluster/cluster.ts';
import { EmbeddedApi } from '../../src/runtime/cluster/embedded/api/api.ts';
import { findCondition } from '../../src/runtime/conditions.ts';
import { serveMetrics } from '../../src/serve/metrics.ts';
import { askOverHttp } from '../../src/sources/answers/answers.ts';
import { scrapeReader } from '../../src/sources/scrape/scrape.ts';
import { deploymentTarget } from '../../src/targets/deployment/deployment.ts';
import type { TargetOf } from '../../src/targets/target.ts';

const key = { namespace: 'default', name: 'web' };
const metrics = serveMetrics(() => 0);
const random = xoroshiro128plus(3);
let server: Server;
let port: number;
let clockMs = nowMs;

before(async () => {
  server = createServer(async (_, response) => response.end(await metrics.registry.metrics()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

async function put<T extends ApiObject & { status?: unknown }>(cluster: Cluster, type: ResourceType<T>, object: T) {
  const made = await cluster.create(type, object);
  await cluster.replaceStatus(type, { ...made, status: object.status });
}

/** What a finished search leaves in the API, and an SLA of the workload that serves its base model. */
async function aCluster(): Promise<Cluster> {
  const cluster = new EmbeddedApi(embeddedKinds);
  const { search, variants: made, trials: measured, profiles } = aSnapshot();
  if (!search) throw new Error('the fixture has a search');
  await put(cluster, nasSearches, search);
  for (const profile of profiles) await put(cluster, hardwareProfiles, profile);
  const mark = { 'retune.dev/search': 'search' };
  const spec: Variant['spec'] = {
    searchRef: { name: 'search' },
    candidate: { dimensions: {}, precision: 'FP32', engine: { threads: 1, graphOptimization: 'All' } },
    model: { uri: baseUri },
    heldout: { uri: 'file:///d.npz' },
    metric: 'Top1',
  } as Variant['spec'];
  for (const { metadata, ...variant } of made) {
    await put(cluster, variants, { ...variant, spec, metadata: { ...metadata, labels: mark } });
  }
  for (const trial of measured) await put(cluster, trials, { ...trial, metadata: { ...trial.metadata, labels: mark } });
  const sla = anSla({
    objective: { percentile: 'P99', threshold: '200ms', window: '30s', budgetPeriod: '720h' },
    source: { scrape: { port, path: '/metrics', histogram: 'retune_request_duration_seconds' } },
  });
  await cluster.create(latencySlas, sla);
  return cluster;
}

/** An operator as it starts: nothing in memory. */
function anOperator(cluster: Cluster): () => Promise<void> {
  const { workload } = aSnapshot();
  if (workload.kind !== 'Found') throw new Error('the fixture has a workload');
  const pods = workload.target.pods.map((pod) => ({ ...pod, address: '127.0.0.1' }));
  const clock = () => clockMs;
  const reader = scrapeReader({ port, path: '/metrics', histogram: 'retune_request_duration_seconds' }, clock);
  const targetOf: TargetOf = (served) => ({
    ...deploymentTarget(cluster, served),
    observe: async () => ({ ...workload.target, pods }),
  });
  const controller = slaController({ cluster, clock, sources: { targetOf, ask: askOverHttp, readerOf: () => reader } });
  return async () => {
    await controller.reconcile(key, AbortSignal.timeout(10_000));
  };
}

test('budget and drift survive a restart and an outage, and a slowdown is named', async () => {
  const cluster = await aCluster();
  let reconcile = anOperator(cluster);
  const intervals = async (count: number, meanMs: number) => {
    for (let i = 0; i < count; i++) {
      clockMs += 10_000;
      for (let n = 0; n < 100; n++) {
        const seconds = (-meanMs * Math.log(1 - uniformFloat64(random))) / 1000;
        metrics.observe({ variant: 'sha256:base', code: 200, seconds, elements: 1 });
      }
      await reconcile();
    }
    const status = (await cluster.get(latencySlas, key))?.status;
    if (!status) throw new Error('the SLA has a status');
    return status;
  };
  const learned = await intervals(120, 12);
  assert.equal(learned.verdict, 'Met', JSON.stringify(learned.conditions));
  assert.equal(findCondition(learned.conditions, 'Drift')?.reason, 'AsUsual', JSON.stringify(learned));
  assert.ok((learned.errorBudget?.windows.at(-1)?.requests ?? 0) > 11_000);

  reconcile = anOperator(cluster);
  const restarted = await intervals(1, 12);
  assert.equal(restarted.verdict, 'NoData');
  assert.deepEqual([restarted.drift, restarted.errorBudget], [learned.drift, learned.errorBudget]);

  const slower = await intervals(25, 18);
  assert.equal(slower.verdict, 'Drifting');
  assert.equal(findCondition(slower.conditions, 'Drift')?.status, 'True');
  assert.match(
    findCondition(slower.conditions, 'Met')?.message ?? '',
    /where .* ms is usual at .* requests\/s a replica/,
  );

  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const out = await intervals(5, 18);
  assert.equal(findCondition(out.conditions, 'MetricsAvailable')?.reason, 'Unreachable');
  assert.deepEqual([out.verdict, out.rollout, out.drift], ['NoData', undefined, slower.drift]);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const recovered = await intervals(80, 12);
  assert.equal(recovered.verdict, 'Met', JSON.stringify(recovered.drift));
});
