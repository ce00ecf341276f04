import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUri } from '../../../test/contract/rollout-target.ts';
import { deploymentScene } from '../../../test/contract/scenes/deployment.ts';
import { foreignKinds } from '../../../test/contract/scenes/kinds.ts';
import { deployments, pods, services } from '../../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { httpRoutes } from './route.ts';

const key = { namespace: 'default', name: 'web' };

async function scene() {
  const cluster = new EmbeddedApi(foreignKinds);
  const { target, report } = await deploymentScene(cluster, 'web', { routed: true });
  await report('Serving');
  return { cluster, target, report };
}

test('pods of the canary get nothing past the weights: no Service of the workload selects them', async () => {
  const { cluster, target, report } = await scene();
  await target.ensureCanary(newUri);
  await report('CanaryReady');
  const selectedBy = async (name: string) => {
    const service = await cluster.get(services, { namespace: 'default', name });
    const labels = service?.spec.selector ?? {};
    return (await cluster.list(pods, { namespace: 'default', labels })).map(({ metadata }) => metadata.name).sort();
  };
  assert.deepEqual(await selectedBy('web'), ['web-0', 'web-1', 'web-2']);
  assert.deepEqual(await selectedBy('web-retune-canary'), ['web-retune-canary-0']);
  assert.deepEqual(await selectedBy('web-retune-baseline'), ['web-retune-baseline-0']);
});

test('a greater share waits for as many pods as it needs', async () => {
  const { cluster, target, report } = await scene();
  await target.ensureCanary(newUri);
  await report('CanaryReady');
  const weight = async () => (await target.observe())?.weight;
  const replicas = async () =>
    (await cluster.get(deployments, { namespace: 'default', name: 'web-retune-canary' }))?.spec.replicas;
  await target.setWeight(50);
  assert.deepEqual([await replicas(), await weight()], [2, 0], 'half of the requests of three pods');
  await target.setWeight(50);
  assert.equal(await weight(), 0, 'they are not ready yet');
  await report('CanaryReady');
  await target.setWeight(50);
  assert.equal(await weight(), 50);
  assert.equal((await cluster.get(deployments, key))?.spec.replicas, 3);
});

test('what is missing of the route is told, and stops no observation', async () => {
  const { cluster, target } = await scene();
  const unfit = async () => (await target.observe())?.unfit?.message ?? '';
  const route = await cluster.get(httpRoutes, key);
  assert.ok(route);
  await cluster.replace(httpRoutes, {
    ...route,
    metadata: { ...route.metadata, labels: { 'argocd.argoproj.io/instance': 'web' } },
  });
  assert.match(await unfit(), /^Argo CD sets the weights of HTTPRoute web from git/);
  const service = await cluster.get(services, key);
  assert.ok(service);
  await cluster.replace(services, { ...service, spec: { ...service.spec, selector: { app: 'other' } } });
  assert.match(await unfit(), /Service web does not select the pods of Deployment web/);
  await cluster.delete(services, key);
  assert.match(await unfit(), /there is no Service "web" in namespace default/);
  await cluster.delete(httpRoutes, key);
  assert.match(
    await unfit(),
    /there is no HTTPRoute "web" in namespace default: create it or correct spec\.rollout\.httpRoute/,
  );
});
