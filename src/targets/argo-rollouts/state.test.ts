import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, PodTemplate } from '../../runtime/cluster/core-types.ts';
import { hashLabel, type Rollout, type RolloutStatusOfArgo } from './rollout.ts';
import { specModel, tracksOf, unfitOf } from './state.ts';

const [oldUri, newUri] = ['file:///old', 'file:///new'];
const binding = { env: 'RETUNE_MODEL' };
const present = { modelUri: newUri, previousUri: oldUri };
const how = { binding, present };

const template = (uri: string): PodTemplate => ({
  spec: { containers: [{ name: 'server', env: [{ name: 'RETUNE_MODEL', value: uri }] }] },
});

/** In the middle of a rollout to `uri`, as its controller has seen it. */
function aRollout(uri: string, status: RolloutStatusOfArgo = {}): Rollout {
  return {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'web', generation: 2 } },
    spec: { template: template(uri), strategy: { canary: { steps: [{ setWeight: 20 }, { pause: {} }] } } },
    status: { observedGeneration: '2', currentPodHash: 'new', stableRS: 'old', phase: 'Paused', ...status },
  };
}

const pod = (hash: string, ready: boolean): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: hash, labels: { [hashLabel]: hash } } },
  spec: { containers: [] },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

test('a canary counts when its controller has seen the spec and its pods are ready', () => {
  const pods = [pod('old', true), pod('new', true)];
  const settled = (rollout: Rollout, its = pods) => tracksOf(rollout, template(oldUri), its, how).canary?.settled;
  assert.equal(settled(aRollout(newUri)), true);
  assert.equal(settled(aRollout(newUri, { observedGeneration: '1' })), false, 'what it shows is of the spec before');
  assert.equal(settled(aRollout(newUri), [pod('old', true)]), false);
  assert.equal(settled(aRollout(newUri), [pod('old', true), pod('new', false)]), false);
});

test('what is stable is what all replicas had last, whatever the spec says', () => {
  assert.equal(tracksOf(aRollout(newUri), template(oldUri), [], how).stable.modelUri, oldUri);
  const promoted = aRollout(newUri, { stableRS: 'new', phase: 'Healthy' });
  assert.deepEqual(tracksOf(promoted, template(newUri), [], how), {
    stable: { modelUri: newUri, settled: true, failure: undefined },
  });
  const theirs = tracksOf(aRollout('file:///theirs'), template(oldUri), [], how);
  assert.deepEqual(theirs, { stable: { modelUri: 'file:///theirs', settled: false } });
});

test('an abort, by analysis or by hand, is the failure of the canary', () => {
  const aborted = aRollout(newUri, {
    abort: true,
    phase: 'Degraded',
    message: 'RolloutAborted: metric "errors" failed',
  });
  const { canary } = tracksOf(aborted, template(oldUri), [], how);
  assert.equal(canary?.failure, 'RolloutAborted: metric "errors" failed');
});

test('Rollouts without a canary to compare, or in the middle of another, are unfit', () => {
  const idle = (strategy: Rollout['spec']['strategy']): Rollout => {
    const rollout = aRollout(oldUri, { stableRS: 'new', phase: 'Healthy' });
    return { ...rollout, spec: { ...rollout.spec, strategy } };
  };
  const steps = [{ setWeight: 20 }];
  assert.equal(unfitOf(idle({ canary: { steps } }), undefined), undefined);
  assert.match(unfitOf(idle({ blueGreen: {} }), undefined)?.message ?? '', /is no canary: a blue-green preview/);
  assert.match(unfitOf(idle({ canary: {} }), undefined)?.message ?? '', /has no steps/);
  assert.equal(unfitOf(aRollout(oldUri), undefined)?.reason, 'RolloutUnderWay');
  assert.equal(unfitOf(aRollout(newUri), present), undefined);
});

test('a Rollout that takes its pods from a Deployment has no place for a model', () => {
  const { template: _, ...spec } = aRollout(oldUri).spec;
  const referring = { ...aRollout(oldUri), spec: { ...spec, workloadRef: { kind: 'Deployment', name: 'web' } } };
  assert.throws(() => specModel(referring as unknown as Rollout, binding), {
    reason: 'ModelNotBound',
    message: /takes its pods from Deployment web \(spec\.workloadRef\): give it a template of its own/,
  });
});
