import { apiVersion, labels } from '../../src/api/common.ts';
import type { LatencySLA } from '../../src/api/latency-sla.ts';
import type { NASSearch } from '../../src/api/nas-search.ts';
import { latencySlas, nasSearches, trials, variants } from '../../src/api/resources.ts';
import type { DeriveResult } from '../../src/api/task.ts';
import type { Trial } from '../../src/api/trial.ts';
import { withDefaults } from '../../src/api/validate.ts';
import type { Variant } from '../../src/api/variant.ts';
import { aSearch, at, condition } from '../../src/controllers/search/fixtures.ts';
import type { ApiObject, Cluster, ResourceType } from '../../src/runtime/cluster/cluster.ts';
import { type Deployment, deployments } from '../../src/runtime/cluster/core-types.ts';

async function made<T extends ApiObject>(cluster: Cluster, type: ResourceType<T>, object: T): Promise<void> {
  const { metadata } = await cluster.create(type, object);
  await cluster.replaceStatus(type, { ...object, metadata });
}

const searchRef = { name: 'digits' };
const metadata = (name: string) => ({ name, namespace: 'team', labels: { [labels.search]: searchRef.name } });
const latency = { p50Ms: 1.5, p90Ms: 2, p99Ms: 2.5, p99LowMs: 2.4, p99HighMs: 2.6, meanMs: 1.6, samples: 1000 };

/** A search that has ended with the second variant on its front, judged and measured as it really was. */
export async function aSearchThatEnded(cluster: Cluster, base: DeriveResult, variant: DeriveResult): Promise<void> {
  const files = { model: { uri: 'file:///m.onnx' }, heldout: { uri: 'file:///h.npz' } };
  for (const [name, { artifact, outputs, quality }, dimensions] of [
    ['base', base, {}],
    ['small', variant, { 'stage1.depth': 1, 'stage2.depth': 1 }],
  ] as [string, DeriveResult, Record<string, number>][]) {
    const candidate = {
      dimensions,
      precision: 'FP32' as const,
      engine: { threads: 1, graphOptimization: 'All' as const },
    };
    const object: Variant = {
      ...{ apiVersion, kind: 'Variant', metadata: metadata(name) },
      spec: { ...files, searchRef, candidate, metric: 'Top1' },
      status: { artifact, outputs, quality, conditions: [condition('Ready', 'True', 'Derived')] },
    };
    await made(cluster, variants, object);
  }
  const trial: Trial = {
    ...{ apiVersion, kind: 'Trial', metadata: metadata('small-cpu') },
    spec: {
      ...{ searchRef, variantRef: { name: 'small' }, baselineRef: { name: 'base' }, accelerator: 'cpu', generation: 1 },
      ...{ batchSize: 1, minSamples: 1000, maxMeasureTime: '60s' },
    },
    status: { latency, conditions: [condition('Succeeded', 'True', 'Measured')] },
  };
  await made(cluster, trials, trial);
  const point = { variant: 'small', quality: 0.9, sizeBytes: 1, label: 'small', ...{ p50Ms: 1.5, p99Ms: 2.5 } };
  const front = [{ ...point, p99LowMs: 2.4, p99HighMs: 2.6 }];
  const search: NASSearch = {
    ...aSearch(),
    metadata: { name: searchRef.name, namespace: 'team' },
    status: {
      base: 'base',
      accelerators: [{ name: 'cpu', trials: 1, front }],
      conditions: [condition('Succeeded', 'True', 'Completed')],
    },
  };
  await made(cluster, nasSearches, search);
}

/** Objects that name one artifact each, in the places where that is done. */
export async function namesOf(
  cluster: Cluster,
  digests: Record<'artifact' | 'active' | 'previous' | 'served' | 'record', string>,
  uri: (digest: string) => string,
): Promise<void> {
  const candidate = {
    dimensions: {},
    precision: 'FP32' as const,
    engine: { threads: 1, graphOptimization: 'All' as const },
  };
  const variant: Variant = {
    ...{ apiVersion, kind: 'Variant', metadata: metadata('named') },
    spec: { searchRef, candidate, metric: 'Top1', model: { uri: 'file:///m.onnx' }, heldout: { uri: 'file:///h.npz' } },
    status: {
      artifact: { digest: digests.artifact, uri: uri(digests.artifact), sizeBytes: 1 },
      outputs: digests.record,
      conditions: [],
    },
  };
  await made(cluster, variants, variant);
  const sla: LatencySLA = withDefaults({
    ...{ apiVersion, kind: 'LatencySLA', metadata: metadata('named') },
    spec: {
      ...{ workloadRef: { name: 'web' }, searchRef, objective: { threshold: '50ms' }, source: { scrape: {} } },
    } as unknown as LatencySLA['spec'],
    status: {
      activeUri: uri(digests.active),
      rollout: {
        ...{
          variant: 'gone',
          modelUri: uri(digests.active),
          digest: digests.active,
          previousUri: uri(digests.previous),
        },
        ...{ step: 'Comparing', started: at, stepSince: at },
      },
      conditions: [],
    },
  });
  await made(cluster, latencySlas, sla);
  const app = { app: 'web' };
  const container = { name: 'server', env: [{ name: 'RETUNE_MODEL', value: uri(digests.served) }] };
  const deployment: Deployment = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'elsewhere' } },
    spec: {
      replicas: 0,
      selector: { matchLabels: app },
      template: { metadata: { labels: app }, spec: { containers: [container] } },
    },
  };
  await cluster.create(deployments, deployment);
}
