import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '../../api/common.ts';
import type { NASSearchSpec } from '../../api/nas-search.ts';
import type { MeasureResult } from '../../api/task.ts';
import type { LatencySummary, Trial } from '../../api/trial.ts';
import { withDefaults } from '../../api/validate.ts';
import type { Variant } from '../../api/variant.ts';
import type { Pod } from '../../runtime/cluster/core-types.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { decide } from './decide.ts';
import type { TrialSnapshot } from './gather.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const digest = `sha256:${'0'.repeat(64)}`;
const file = (name: string) => ({ uri: `file:///models/${name}` });
const latency = (ms: number): LatencySummary => ({
  ...{ p50Ms: ms, p90Ms: ms, p99Ms: ms, p99LowMs: ms, p99HighMs: ms, meanMs: ms, samples: 1000 },
});
const search = withDefaults({
  ...{ apiVersion, kind: 'NASSearch', metadata: { name: 'quick', namespace: 'default', uid: 'u' } },
  spec: { model: file('m.onnx'), data: { heldout: file('h.npz') } } as unknown as NASSearchSpec,
});
const variant = (name: string, quality: number): Variant => ({
  ...{ apiVersion, kind: 'Variant', metadata: { name, namespace: 'default' } },
  spec: { heldout: file('h.npz') } as Variant['spec'],
  status: {
    artifact: { digest, uri: 'file:///a', sizeBytes: 1 },
    quality: { metric: 'Top1', value: quality, low: quality, high: quality, samples: 1000 },
  },
});
const trial: Trial = {
  ...{ apiVersion, kind: 'Trial', metadata: { name: 'quick-a-x', namespace: 'default', generation: 1 } },
  spec: {
    ...{ searchRef: { name: 'quick' }, variantRef: { name: 'quick-a' }, baselineRef: { name: 'quick-base' } },
    ...{ accelerator: 'cpu', generation: 1, batchSize: 8, minSamples: 1000, maxMeasureTime: '30s' },
  },
};
const result = (change: Partial<MeasureResult> = {}): MeasureResult => ({
  ...{ kind: 'Measure', stoppedEarly: false, latency: latency(4), baseline: latency(10), loadCurve: [] },
  ...{ ratio: { value: 0.4, low: 0.39, high: 0.41 }, throughputPerSecond: 250, peakMemoryBytes: 1, outputsAgree: true },
  ...{ record: digest, measuredSeconds: 9 },
  facts: { cpuModel: 'a', instructionSets: [], cores: 1, cacheBytes: {}, engine: 'onnxruntime 1' },
  ...change,
});
const ended = (told: MeasureResult): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', spec: { containers: [], nodeName: 'node-a' } },
  metadata: { name: 'quick-a-x-0', creationTimestamp: '2026-01-01T11:59:30Z' },
  status: {
    phase: 'Succeeded',
    containerStatuses: [
      {
        ...{ name: 'worker', ready: false, restartCount: 0 },
        state: { terminated: { exitCode: 0, message: JSON.stringify(told), finishedAt: '2026-01-01T11:59:43Z' } },
      },
    ],
  },
});
const snapshot = (change: Partial<TrialSnapshot> = {}): TrialSnapshot => ({
  ...{ trial, search, variant: variant('quick-a', 0.98), baseline: variant('quick-base', 0.99) },
  profile: { apiVersion, kind: 'HardwareProfile', metadata: { name: 'cpu' }, spec: { match: { a: 'b' } } },
  reference: { ...trial, status: { latency: latency(10) } },
  pod: undefined,
  ...change,
});
const reason = (change: Partial<TrialSnapshot>) => {
  const { status, finished } = decide(snapshot(change), nowMs);
  return { finished, reason: status.conditions?.[0]?.reason, message: status.conditions?.[0]?.message, status };
};

test('a result becomes status: where it ran, and what its pod cost besides measuring', () => {
  const { finished, reason: why, status } = reason({ pod: ended(result()) });
  assert.deepEqual([finished, why, status.node, status.pod], [true, 'Measured', 'node-a', 'quick-a-x-0']);
  assert.deepEqual([status.latency?.p50Ms, status.overheadSeconds], [4, 4]);
});

test('a control that is far from its own trial makes a measurement invalid, and it is made again', () => {
  const far = reason({ pod: ended(result({ baseline: latency(16) })) });
  assert.deepEqual([far.finished, far.reason, far.status.attempts], [false, 'ControlOff', 1]);
  assert.match(far.message ?? '', /took 16\.00 ms here and 10\.00 ms in its own trial/);
  assert.equal(reason({ pod: ended(result({ baseline: latency(14) })) }).reason, 'Measured');
  assert.equal(reason({ pod: ended(result({ baseline: latency(16) })), reference: undefined }).reason, 'Measured');
});

test('what the worker says does not count is measured again, and never enters status', () => {
  const invalid = { reason: 'NoisyNeighbour', message: 'shared' } as const;
  const { finished, reason: why, status } = reason({ pod: ended(result({ invalid })) });
  assert.deepEqual([finished, why, status.latency], [false, 'NoisyNeighbour', undefined]);
});

test('only a candidate that is no more accurate than the base may be let go early', () => {
  const stop = (quality: number) =>
    decide(snapshot({ variant: variant('quick-a', quality) }), nowMs).task?.stopWhenSlower;
  assert.deepEqual([stop(0.98), stop(0.99), stop(0.995)], [true, true, false]);
  const perplexity = (name: string, value: number): Variant => {
    const one = variant(name, value);
    const quality = { metric: 'Perplexity', value, low: value, high: value, samples: 1000 } as const;
    return { ...one, status: { ...one.status, quality } as Variant['status'] };
  };
  const error = (value: number) =>
    decide(snapshot({ variant: perplexity('quick-a', value), baseline: perplexity('quick-base', 20) }), nowMs).task;
  assert.deepEqual([error(19)?.stopWhenSlower, error(20)?.stopWhenSlower], [false, true]);
  const base = { ...trial, spec: { ...trial.spec, variantRef: { name: 'quick-base' } } };
  const itself = snapshot({ trial: base, variant: variant('quick-base', 0.99) });
  assert.equal(decide(itself, nowMs).task?.stopWhenSlower, false);
});

test('it waits for its variant to be made, and for a search that is suspended', () => {
  const unmade = { ...variant('quick-a', 0.9), status: undefined };
  assert.equal(decide(snapshot({ variant: unmade }), nowMs).start, undefined);
  assert.equal(
    decide(snapshot({ search: { ...search, spec: { ...search.spec, suspend: true } } }), nowMs).start,
    undefined,
  );
  assert.equal(decide(snapshot(), nowMs).start, 'quick-a-x-0');
});

test('without its accelerator or its variant a trial has failed for good, in a sentence', () => {
  const profile = reason({ profile: undefined });
  assert.deepEqual([profile.finished, profile.reason], [true, 'AcceleratorNotFound']);
  assert.match(profile.message ?? '', /no HardwareProfile "cpu": kubectl get hardwareprofiles lists them/);
  assert.equal(reason({ variant: undefined }).reason, 'VariantNotFound');
});

test('a trial of machines that are others by now is marked stale, and keeps what was measured', () => {
  const done = decide(snapshot({ pod: ended(result()) }), nowMs).status;
  const settled = { ...trial, status: done };
  const at = (generation: number) => {
    const { profile } = snapshot();
    return profile && { ...profile, status: { generation, conditions: [] } };
  };
  const fresh = decide(snapshot({ trial: settled, profile: at(1) }), nowMs);
  assert.equal(findCondition(fresh.status.conditions, 'Stale'), undefined);
  const { status, finished } = decide(snapshot({ trial: settled, profile: at(2) }), nowMs);
  assert.match(findCondition(status.conditions, 'Stale')?.message ?? '', /generation 1 of cpu, which is at 2 now/);
  assert.deepEqual([status.latency, finished], [done.latency, true]);
});
