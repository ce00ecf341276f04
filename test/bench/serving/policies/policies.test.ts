import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCurve } from '../../../../src/core/statistics/queue-simulation.ts';
import type { Conditions } from '../cluster.ts';
import type { Front, MeasuredVariant } from '../front.ts';
import { type Policy, simulate } from '../simulate.ts';
import { arrivals } from '../traces.ts';
import { standing } from '../versus.ts';
import { desiredReplicas, horizontalPodAutoscaler } from './hpa.ts';
import { infadapter, qualityFirst } from './infadapter.ts';
import { retune } from './retune.ts';

function variant(name: string, quality: number, ms: number): MeasuredVariant {
  const serviceMs = Array.from({ length: 11 }, (_, i) => ms * (0.9 + 0.02 * i));
  return {
    ...{ variant: name, precision: 'FP32', onFront: true, p50Ms: ms, p99Ms: 1.1 * ms, meanMs: ms, serviceMs },
    quality: { metric: 'Top1', value: quality, low: quality, high: quality, samples: 1000 },
    loadCurve: loadCurve(serviceMs),
  };
}
const base = variant('base', 0.99, 10);
const small = variant('small', 0.98, 2);
const front: Front = { machine: 'test', batchSize: 1, base: 'base', thresholdMs: 50, variants: [base, small] };
const conditions: Conditions = {
  thresholdMs: 50,
  replicas: 2,
  most: 8,
  places: 10,
  startSeconds: 10,
  patienceMs: 1000,
};
/** Calm, then more than two replicas of the base model can do, then calm for longer than ten minutes. */
const step = arrivals(
  'step',
  [...new Array<number>(300).fill(30), ...new Array<number>(300).fill(250), ...new Array<number>(1200).fill(30)],
  3,
);
const run = (policy: Policy) => simulate(step, policy, conditions, base);

test('an autoscaler wants what the utilisation asks for, outside of its tolerance', () => {
  const pods = (...values: number[]) => values.map((utilisation) => ({ utilisation, measured: true }));
  assert.equal(desiredReplicas(pods(0.5, 0.5), 0.5), 2);
  assert.equal(desiredReplicas(pods(0.54, 0.54), 0.5), 2);
  assert.equal(desiredReplicas(pods(0.8, 0.8), 0.5), 4);
  assert.equal(desiredReplicas(pods(0.1, 0.1, 0.1, 0.1), 0.5), 1);
});

test('a pod that is not measured yet counts as idle when scaling up, and never turns the direction', () => {
  const pods = [1, 1, 0].map((utilisation) => ({ utilisation, measured: utilisation > 0 }));
  assert.equal(desiredReplicas(pods, 0.5), 4);
  assert.equal(desiredReplicas([...pods, ...pods.slice(2), ...pods.slice(2)], 0.5), 5);
});

test('an autoscaler adds replicas under load, and takes them away five minutes after it', () => {
  const outcome = run(horizontalPodAutoscaler(base, 0.5));
  assert.ok(outcome.violatedShare > 0 && outcome.violatedShare < 0.15, `${outcome.violatedShare}`);
  assert.ok(outcome.replicaSeconds > 2 * 1800 + 2 * 600 && outcome.replicaSeconds < 8 * 1800);
});

test('InfAdapter serves the more accurate of what carries the load with few enough pods', () => {
  const outcome = run(infadapter([base, small], { thresholdMs: 50, headroom: 0.2, weights: qualityFirst }));
  assert.ok(outcome.qualityLostPoints >= 0 && outcome.qualityLostPoints < 1);
  assert.ok(outcome.replicaSeconds < 8 * 1800);
});

test('Retune rolls the faster variant out when the load comes, and the more accurate one back after it', () => {
  const heard: string[] = [];
  const outcome = run(retune(front, { thresholdMs: 50, maxDrop: '2%' }, (_, text) => heard.push(text)));
  const started = heard.filter((text) => text.startsWith('RolloutStarted'));
  assert.deepEqual(started, ['RolloutStarted small instead of base', 'RolloutStarted base instead of small']);
  assert.equal(outcome.switches, 2);
  assert.ok(outcome.violatedWindows <= 3, `${outcome.violatedWindows} windows`);
  assert.ok(outcome.qualityLostPoints > 0.5 && outcome.qualityLostPoints < 0.98);
});

test('standing is told by both axes, with what is no difference', () => {
  const axes = (violatedShare: number, qualityLostPoints: number) => ({ violatedShare, qualityLostPoints });
  assert.equal(standing(axes(0, 0.1), axes(0.1, 0.4)), 'BetterOnBoth');
  assert.equal(standing(axes(0, 0.1), axes(0.0005, 0.4)), 'BetterAtEqualOther');
  assert.equal(standing(axes(0, 0.1), axes(0.1, 0)), 'FewerViolations');
  assert.equal(standing(axes(0.1, 0.1), axes(0, 0.1)), 'Worse');
  assert.equal(standing(axes(0, 0), axes(0, 0.01)), 'Equal');
});
