import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile } from '../../../src/core/statistics/quantile.ts';
import { type Conditions, isSettled, reconcileDeployment, simulatedCluster } from './cluster.ts';
import type { MeasuredVariant } from './front.ts';
import { utilisation } from './pods.ts';
import { type Policy, simulate } from './simulate.ts';
import { arrivals, bursty, diurnal, flashCrowd } from './traces.ts';

const variant = (name: string, serviceMs: number[], quality = 0.99): MeasuredVariant => ({
  ...{ variant: name, precision: 'FP32', onFront: true, p50Ms: 10, p99Ms: 10, meanMs: 10, loadCurve: [], serviceMs },
  quality: { metric: 'Top1', value: quality, low: quality, high: quality, samples: 1000 },
});
const deterministic = variant('deterministic', [10, 10]);
/** The quantile function of an exponential distribution with a mean of 10 ms, closed at its far end. */
const points = 20_000;
const exponential = variant(
  'exponential',
  Array.from({ length: points + 1 }, (_, i) => -10 * Math.log(1 - Math.min(i, points - 0.4) / points)),
);
const conditions: Conditions = {
  ...{ thresholdMs: 100, replicas: 1, most: 4, places: 6, startSeconds: 10 },
  patienceMs: Number.POSITIVE_INFINITY,
};

const fixed = (model: MeasuredVariant, replicas: number): Policy => ({
  act: (cluster, second) => reconcileDeployment(cluster, { track: 'stable', model, replicas }, second),
  switches: () => 0,
});

function served(model: MeasuredVariant, ratePerSecond: number, replicas = 1): Float64Array {
  const trace = arrivals('constant', new Array<number>(10_000).fill(ratePerSecond), 5);
  const latencies: number[] = [];
  simulate(trace, fixed(model, replicas), conditions, model, (latencyMs) => latencies.push(latencyMs ?? Number.NaN));
  return Float64Array.from(latencies).sort();
}

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const near = (value: number, expected: number, share: number) =>
  assert.ok(Math.abs(value - expected) < share * expected, `${value} where ${expected} is expected`);

test('exponential service times wait as in M/M/1: mean and p99 of the time in system', () => {
  const latencies = served(exponential, 70);
  near(mean(latencies), 1000 / (100 - 70), 0.04);
  near(quantile(latencies, 0.99), (Math.log(100) * 1000) / (100 - 70), 0.06);
});

test('constant service times wait half as long: M/D/1', () => {
  // Pollaczek and Khinchine: rho / (2 mu (1 - rho)) and the service itself.
  near(mean(served(deterministic, 70)), 10 + (0.7 * 10) / (2 * 0.3), 0.03);
});

test('two replicas behind a Service are two queues with half of the requests each', () => {
  near(mean(served(exponential, 140, 2)), 1000 / (100 - 70), 0.04);
});

test('a request that would wait too long is turned away and counts as slow', () => {
  const trace = arrivals('overload', new Array<number>(600).fill(200), 5);
  const outcome = simulate(trace, fixed(deterministic, 1), { ...conditions, patienceMs: 50 }, deterministic);
  near(outcome.slowShare, 0.5, 0.03);
  assert.equal(outcome.violatedShare, 1);
});

test('utilisation is the rate times the service time', () => {
  const trace = arrivals('constant', new Array<number>(1000).fill(40), 5);
  let seen = 0;
  const policy = fixed(deterministic, 1);
  const watching: Policy = {
    ...policy,
    act(cluster, second) {
      policy.act(cluster, second);
      if (second === 999) seen = cluster.pods.map((pod) => utilisation(pod, 0, 999))[0] ?? 0;
    },
  };
  simulate(trace, watching, conditions, deterministic);
  near(seen, 0.4, 0.05);
});

test('a Deployment changes its model without ever having fewer ready pods than wanted', () => {
  const cluster = simulatedCluster(conditions);
  const wanted = { track: 'stable' as const, replicas: 2 };
  reconcileDeployment(cluster, { ...wanted, model: deterministic }, 0);
  let second = 1;
  for (; second < 60 && !isSettled(cluster, { ...wanted, model: exponential }, second); second++) {
    reconcileDeployment(cluster, { ...wanted, model: exponential }, second);
    const ready = cluster.pods.filter(({ readyAtMs }) => readyAtMs <= 1000 * second).length;
    assert.ok(ready >= 2 && cluster.pods.length <= 3);
  }
  // One pod more than wanted at a time, ten seconds each.
  assert.ok(second > 20 && second <= 23, `${second} s`);
});

test('traces are what their seed says, and have the load that they are made for', () => {
  for (const make of [diurnal, bursty, flashCrowd]) {
    const [a, b] = [make(50, 3), make(50, 3)];
    assert.deepEqual([a.atMs, a.route], [b.atMs, b.route]);
    assert.notDeepEqual(make(50, 4).atMs.slice(0, 10), a.atMs.slice(0, 10));
    const perSecond = a.atMs.length / a.seconds / 50;
    assert.ok(perSecond > 0.4 && perSecond < 1.5, `${a.name}: ${perSecond}`);
  }
});

test('quality lost is counted from the base model, by request', () => {
  const trace = arrivals('constant', new Array<number>(100).fill(20), 5);
  const small = variant('small', [1, 1], 0.97);
  near(simulate(trace, fixed(small, 1), conditions, deterministic).qualityLostPoints, 2, 1e-6);
});
