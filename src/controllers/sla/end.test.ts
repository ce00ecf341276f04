import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latencySlas } from '../../api/resources.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import { type Deployment, deployments } from '../../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { askOverHttp } from '../../sources/answers/answers.ts';
import { openTarget } from '../../targets/open.ts';
import { slaController } from './controller.ts';
import { anSla, baseUri, nowMs, uriOf } from './fixtures.ts';

const key = { namespace: 'default', name: 'web' };
const web: Deployment = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...key } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'server', env: [{ name: 'RETUNE_MODEL', value: baseUri }] }] },
    },
  },
};

/** An SLA with a rollout that has just started, its workload, and a reconcile of it at a time that goes on. */
async function started() {
  const cluster = new EmbeddedApi(embeddedKinds);
  await cluster.create(deployments, web);
  const made = await cluster.create(latencySlas, { ...anSla(), metadata: { ...key }, status: undefined });
  const at = new Date(nowMs).toISOString();
  const rollout = {
    variant: 'small',
    modelUri: uriOf('small'),
    digest: `sha256:${'0'.repeat(64)}`,
    previousUri: baseUri,
  };
  const status = { rollout: { ...rollout, step: 'Starting' as const, started: at, stepSince: at } };
  await cluster.replaceStatus(latencySlas, { ...made, status });
  let seconds = 0;
  const readerOf = () => ({ read: async () => ({ kind: 'NoData' as const, message: 'none' }) });
  const clock = () => nowMs + 1000 * seconds;
  const { reconcile } = slaController({
    cluster,
    clock,
    sources: { targetOf: openTarget(cluster), ask: askOverHttp, readerOf },
  });
  const look = async () => {
    seconds++;
    await reconcile(key, new AbortController().signal);
  };
  const names = async () => (await cluster.list(deployments)).map(({ metadata }) => metadata.name).sort();
  return { cluster, look, names };
}

test('an SLA that is deleted in the middle of a rollout takes its canary with it', async () => {
  const { cluster, look, names } = await started();
  await look();
  assert.deepEqual(await names(), ['web', 'web-retune-baseline', 'web-retune-canary']);
  await cluster.delete(latencySlas, key);
  assert.ok((await cluster.get(latencySlas, key))?.metadata.deletionTimestamp, 'it is held');
  for (let i = 0; i < 4; i++) await look();
  assert.deepEqual(await names(), ['web']);
  assert.equal(await cluster.get(latencySlas, key), undefined);
  const live = await cluster.get(deployments, key);
  assert.equal(live?.spec.template.spec.containers[0]?.env?.[0]?.value, baseUri);
});

test('an SLA is let go where the workload is gone too, and is held no longer than its rollout', async () => {
  const gone = await started();
  await gone.look();
  await gone.cluster.delete(deployments, key);
  await gone.cluster.delete(latencySlas, key);
  await gone.look();
  assert.equal(await gone.cluster.get(latencySlas, key), undefined);

  const edited = await started();
  await edited.look();
  assert.deepEqual((await edited.cluster.get(latencySlas, key))?.metadata.finalizers, ['retune.dev/rollout']);
  const live = await edited.cluster.get(deployments, key);
  assert.ok(live);
  const text = JSON.stringify(live).replace(baseUri, 'file:///theirs');
  await edited.cluster.replace(deployments, JSON.parse(text) as Deployment);
  for (let i = 0; i < 4; i++) await edited.look();
  assert.deepEqual(await edited.names(), ['web']);
  assert.equal((await edited.cluster.get(latencySlas, key))?.metadata.finalizers, undefined);
});
