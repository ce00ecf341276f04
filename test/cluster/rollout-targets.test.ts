/**
 * Rollout targets on a real API server with the CRDs of the projects they are of, and one driven by its real
 * controller. Where a kind's controller can't be had here, what it would write is written by the scene.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { pods } from '../../src/runtime/cluster/core-types.ts';
import { kubernetesCluster, loadConfig } from '../../src/runtime/cluster/kubernetes/kubernetes.ts';
import { rollouts } from '../../src/targets/argo-rollouts/rollout.ts';
import { httpRoutes, split } from '../../src/targets/gateway/route.ts';
import { openTarget } from '../../src/targets/open.ts';
import type { RolloutTarget, TargetSnapshot } from '../../src/targets/target.ts';
import { drive, halfASecond } from '../contract/machine.ts';
import { rolloutTargetContract } from '../contract/rollout-target.ts';
import { argoRolloutsScene } from '../contract/scenes/argo-rollouts.ts';
import { kserveScene } from '../contract/scenes/kserve.ts';
import { until } from '../e2e/operator.ts';
import { addNodes, say, startCluster, type TestCluster, whyNot } from './cluster.ts';
import { applyForeignCrds, startArgoRollouts } from './rollout-tools.ts';

const quiet = { debug() {}, info() {}, warn() {}, error: console.error };
const reason = process.env.RETUNE_TEST_REQUIRE_CLUSTER ? undefined : whyNot();
const half = { pass: halfASecond, looks: 240 };
const [oldUri, newUri, worseUri] = ['file:///models/old', 'file:///models/new', 'file:///models/worse'];

describe('rollout targets on a real API server', { skip: reason }, () => {
  let real: TestCluster;
  let cluster: Cluster;

  before(async () => {
    real = await startCluster();
    await applyForeignCrds(real);
    cluster = kubernetesCluster(loadConfig(real.kubeconfig), quiet);
    for (const name of ['kserve', 'argo', 'gateway', 'driven']) {
      assert.equal((await real.kubectl(['create', 'namespace', name])).code, 0);
      // Pods are refused until their namespace has its account.
      await until(async () => (await real.kubectl(['-n', name, 'get', 'serviceaccount', 'default'])).code === 0, name);
    }
  });
  after(() => real?.stop());

  rolloutTargetContract('InferenceService, its real CRD', (name) => kserveScene(cluster, name, 'kserve'), {
    weighs: true,
  });
  for (const [place, binding] of Object.entries({ variable: undefined, argument: { argument: '--model=' } })) {
    const open = (name: string) => argoRolloutsScene(cluster, `${name}-by-${place}`, { binding, namespace: 'argo' });
    rolloutTargetContract(`Rollout by ${place}, its real CRD`, open);
  }

  test('a route that is split, split again and put together passes its real CRD and ends as it was', async () => {
    const metadata = { name: 'web', namespace: 'gateway' };
    const { apiVersion, kind } = httpRoutes;
    const backendRefs = [
      { name: 'web', port: 80 },
      { name: 'other', port: 80, weight: 3 },
    ];
    const spec = { parentRefs: [{ name: 'gate' }], rules: [{ backendRefs }] };
    const made = await cluster.create(httpRoutes, { apiVersion, kind, metadata, spec });
    const backends = { service: 'web', canary: 'web-retune-canary', baseline: 'web-retune-baseline' };
    let route = made;
    for (const percent of [10, 50, 0]) {
      route = await cluster.replace(httpRoutes, split(route, backends, percent), { fieldManager: 'retune-canary' });
    }
    assert.deepEqual(route.spec, made.spec);
  });

  describe('a Rollout that the real controller of Argo Rollouts drives', () => {
    const key = { name: 'web', namespace: 'driven' };
    let target: RolloutTarget;
    const whole = (uri: string) => async () => {
      const { stable, canary } = (await target.observe())?.tracks ?? {};
      return stable?.settled && stable.modelUri === uri && !canary;
    };
    /** Never were fewer than all but one of the pods ready, and at no time was the model of the canary the only one. */
    const neverWorse = (seen: TargetSnapshot[]) => {
      for (const { pods: its } of seen) assert.ok(its.filter(({ ready }) => ready).length >= 3, JSON.stringify(its));
    };

    before(async () => {
      await addNodes(real);
      await startArgoRollouts(real, say);
      const container = { name: 'server', image: 'localhost/pause:1', env: [{ name: 'RETUNE_MODEL', value: oldUri }] };
      const template = {
        metadata: { labels: { app: 'web' } },
        spec: { terminationGracePeriodSeconds: 1, containers: [container] },
      };
      const steps = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];
      const canary = { maxUnavailable: 0, maxSurge: 1, steps };
      await cluster.apply(
        rollouts,
        {
          ...{ apiVersion: rollouts.apiVersion, kind: rollouts.kind, metadata: key },
          spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template, strategy: { canary } },
        },
        { fieldManager: 'user' },
      );
      target = openTarget(cluster)({ key, reference: { kind: 'Rollout', name: 'web', env: 'RETUNE_MODEL' } });
      await until(whole(oldUri), 'the Rollout is healthy', 120);
    });

    test('what passes goes through all steps to all pods', async () => {
      let compared = 0;
      const { outcome, rollout, seen } = await drive(
        target,
        { modelUri: newUri, previousUri: oldUri },
        {
          ...half,
          async compare({ pods: its }) {
            const on = (track: string) => its.filter((pod) => pod.track === track && pod.ready).length;
            if (on('canary') < 1) return { verdict: 'CannotTell', evidence: 'no canary yet' };
            assert.ok(on('stable') >= 3, 'the canary is one of four');
            return compared++ < 4
              ? { verdict: 'CannotTell', evidence: 'too few' }
              : { verdict: 'Pass', evidence: 'faster' };
          },
        },
      );
      assert.equal(outcome, 'Promoted', JSON.stringify(rollout));
      neverWorse(seen);
      const live = await cluster.get(rollouts, key);
      assert.equal(live?.spec.replicas, 4);
      const models = (await cluster.list(pods, { namespace: key.namespace }))
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .map(({ spec }) => spec.containers[0]?.env?.[0]?.value);
      assert.deepEqual(new Set(models), new Set([newUri]));
    });

    test('what fails is aborted, and the old model is set back', async () => {
      const { outcome, seen } = await drive(
        target,
        { modelUri: worseUri, previousUri: newUri },
        { ...half, compare: async () => ({ verdict: 'Fail', evidence: 'slower' }) },
      );
      assert.equal(outcome, 'RolledBack');
      neverWorse(seen);
      await until(whole(newUri), 'the Rollout is healthy again with the model before', 120);
    });

    test('what somebody aborts is rolled back, with what Argo says of it', async () => {
      const { outcome, rollout } = await drive(
        target,
        { modelUri: worseUri, previousUri: newUri },
        {
          ...half,
          async compare() {
            const abort = ['--subresource=status', '--type=merge', '-p', '{"status":{"abort":true}}'];
            await real.kubectl(['-n', key.namespace, 'patch', 'rollout', key.name, ...abort]);
            return { verdict: 'CannotTell', evidence: 'too few' };
          },
        },
      );
      assert.deepEqual([outcome, rollout.reason], ['RolledBack', 'CanaryCrashed']);
      assert.match(rollout.message ?? '', /abort/i);
      await until(whole(newUri), 'the Rollout is healthy again', 120);
    });

    test('while a rollout of theirs runs, it is left alone', async () => {
      const theirs = '[{"op":"replace","path":"/spec/template/metadata/labels","value":{"app":"web","theirs":"x"}}]';
      await real.kubectl(['-n', key.namespace, 'patch', 'rollout', key.name, '--type=json', '-p', theirs]);
      const unfit = await until(async () => (await target.observe())?.unfit, 'it is told', 30);
      assert.equal(unfit.reason, 'RolloutUnderWay');
    });
  });
});
