import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddedKinds } from '../cli/embedded-kinds.ts';
import { type Deployment, deployments, type Pod, pods } from '../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../runtime/cluster/embedded/api/api.ts';
import { openTarget } from './open.ts';

const key = { namespace: 'default', name: 'web' };
const at = '2026-01-01T00:00:00Z';
const web: Deployment = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...key } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [{ name: 'server', env: [{ name: 'RETUNE_MODEL', value: 'file:///old' }] }],
        readinessGates: [{ conditionType: 'theirs' }],
      },
    },
  },
};
const reference = { kind: 'Deployment' as const, name: 'web', env: 'RETUNE_MODEL' };
const condition = (type: string, status: 'True' | 'False') => ({ type, status });

/** A canary of the workload, and one pod of it as a kubelet reports it with its containers ready. */
async function aCanary(gated: boolean) {
  const cluster = new EmbeddedApi(embeddedKinds);
  await cluster.create(deployments, web);
  const target = openTarget(cluster)({ key, reference, gated });
  await target.ensureCanary('file:///new');
  const gatesOf = async (track: string) =>
    (await cluster.get(deployments, { ...key, name: `web-retune-${track}` }))?.spec.template.spec.readinessGates?.map(
      ({ conditionType }) => conditionType,
    );
  const canary = await cluster.get(deployments, { ...key, name: 'web-retune-canary' });
  assert.ok(canary);
  const { metadata, spec } = canary.spec.template;
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, namespace: 'default', name: 'c' }, spec };
  await cluster.create(pods, pod);
  const report = (ready: 'True' | 'False') =>
    cluster.replaceStatus(pods, {
      ...pod,
      status: { podIP: '10.0.0.7', conditions: [condition('ContainersReady', ready), condition('theirs', 'True')] },
    });
  const waits = async () => (await target.observe())?.pods.find(({ name }) => name === 'c')?.waiting;
  return { cluster, target, gatesOf, report, waits };
}

test('the pods of a gated canary wait when their containers are ready, until they are admitted', async () => {
  const { cluster, target, gatesOf, report, waits } = await aCanary(true);
  assert.deepEqual(
    [await gatesOf('canary'), await gatesOf('baseline')],
    [['theirs', 'retune.dev/answers'], ['theirs']],
  );
  await report('False');
  assert.equal(await waits(), undefined);
  await target.admit('c', at);
  assert.equal(
    (await cluster.get(pods, { ...key, name: 'c' }))?.status?.conditions?.length,
    2,
    'not before it is ready',
  );
  await report('True');
  assert.equal(await waits(), true);
  await target.admit('c', at);
  assert.equal(await waits(), undefined);
  assert.deepEqual((await cluster.get(pods, { ...key, name: 'c' }))?.status?.conditions, [
    condition('ContainersReady', 'True'),
    condition('theirs', 'True'),
    { ...condition('retune.dev/answers', 'True'), reason: 'AsJudged', lastTransitionTime: at },
  ]);
  await target.admit('gone', at);
});

test('without it the template is that of the workload, and nobody waits', async () => {
  const { gatesOf, report, waits } = await aCanary(false);
  assert.deepEqual(await gatesOf('canary'), ['theirs']);
  await report('True');
  assert.equal(await waits(), undefined);
});
