import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { apiVersion } from '../../api/common.ts';
import { latencySlas } from '../../api/resources.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import { configMaps, type Deployment, deployments } from '../../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { events } from '../../runtime/cluster/embedded/api/kinds.ts';
import { openTarget } from '../../targets/open.ts';
import type { ModelPatch } from '../../targets/target.ts';
import { apply } from './apply.ts';
import { decide } from './decide.ts';
import { anSla, aReading, aSnapshot, baseUri, nowMs, uriOf } from './fixtures.ts';
import { recommendation, recommendationFile } from './recommendation.ts';

const sla = anSla({ mode: 'Recommend', recommend: { configMap: 'web-model' } });
const picked = {
  variant: 'small',
  digest: '',
  modelUri: uriOf('small'),
  quality: {} as never,
  p99Ms: 1,
  loadCurve: [],
};
const strategic: ModelPatch = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', type: 'strategic' },
  body: { spec: { template: { metadata: { annotations: { model: "it's new" } } } } },
};
const json: ModelPatch = {
  ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', type: 'json' },
  body: [{ op: 'replace', path: '/spec/template/spec/containers/0/args/1', value: '--model=new' }],
};

test('the command is one that a shell takes as it is meant', () => {
  const { command = '', patchType } = recommendation(sla, picked, strategic);
  // The shell says what kubectl would be given.
  const given = execFileSync('sh', ['-c', command.replace('kubectl', 'printf "%s\\n"')], { encoding: 'utf8' });
  assert.deepEqual(given.trim().split('\n'), [
    ...['-n', 'default', 'patch', 'deployment.v1.apps', 'web', '--type', 'strategic', '--patch'],
    JSON.stringify(strategic.body),
  ]);
  assert.equal(patchType, 'strategic');
  assert.match(
    recommendation(sla, picked, json).command ?? '',
    /patch rollout\.v1alpha1\.argoproj\.io web --type json/,
  );
});

test('the file is a patch that kustomize takes, and says how it is used', () => {
  const { data = {}, metadata } = recommendationFile(sla, 'web-model', picked, strategic);
  assert.deepEqual(load(data['web-model.yaml'] ?? ''), {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' } },
    ...(strategic.body as object),
  });
  const kustomization = data['kustomization.yaml'] ?? '';
  const target = { group: 'apps', version: 'v1', kind: 'Deployment', name: 'web' };
  assert.deepEqual(load(kustomization), { patches: [{ path: 'web-model.yaml', target }] });
  assert.match(kustomization, /get configmap web-model -o jsonpath='\{\.data\.web-model\\\.yaml\}' > web-model\.yaml/);
  assert.equal(metadata.ownerReferences?.[0]?.name, 'web');
  const operations = recommendationFile(sla, 'web-model', picked, json).data?.['web-model.yaml'];
  assert.deepEqual(load(operations ?? ''), json.body);
});

const web: Deployment = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'server', env: [{ name: 'RETUNE_MODEL', value: baseUri }] }] },
    },
  },
};

/** One reconcile of an SLA in mode Recommend whose workload is in breach, on a cluster of its own. */
async function recommended(prepare: (cluster: EmbeddedApi) => Promise<unknown> = async () => undefined) {
  const cluster = new EmbeddedApi(embeddedKinds);
  await cluster.create(deployments, web);
  const made = await cluster.create(latencySlas, { ...sla, apiVersion, status: undefined });
  await prepare(cluster);
  const snapshot = aSnapshot({ sla: made, production: aReading(2000, 400) });
  await apply(cluster, openTarget(cluster), snapshot, decide(snapshot, nowMs));
  return cluster;
}

test('mode Recommend writes patch, command, file and an event, and leaves the workload as it is', async () => {
  const cluster = await recommended();
  const { status } = (await cluster.get(latencySlas, sla.metadata)) ?? {};
  assert.equal(status?.recommendation?.variant, 'small');
  assert.match(
    status?.recommendation?.command ?? '',
    /^kubectl -n default patch deployment\.v1\.apps web --type strategic/,
  );
  const file = await cluster.get(configMaps, { namespace: 'default', name: 'web-model' });
  assert.match(file?.data?.['web-model.yaml'] ?? '', new RegExp(uriOf('small')));
  const told = (await cluster.list(events)).map(({ reason }) => reason);
  assert.ok(told.includes('Recommended'), told.join());
  const live = await cluster.get(deployments, web.metadata);
  assert.equal(live?.metadata.generation, 1);
});

test("a ConfigMap of someone else's is left alone, and that is told", async () => {
  const theirs = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'web-model', namespace: 'default' },
    data: { a: 'b' },
  };
  const cluster = await recommended((before) => before.create(configMaps, theirs));
  assert.deepEqual((await cluster.get(configMaps, theirs.metadata))?.data, { a: 'b' });
  assert.ok((await cluster.list(events)).some(({ reason }) => reason === 'ConfigMapTaken'));
});
