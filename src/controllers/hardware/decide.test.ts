import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import { fingerprint } from '../../core/hardware/fingerprint.ts';
import type { Node, Pod } from '../../runtime/cluster/core-types.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { decide } from './decide.ts';
import type { HardwareSnapshot } from './gather.ts';

const startMs = Date.parse('2026-01-01T12:00:00Z');
const holdDownMs = 120_000;
const settings = { holdDownMs, image: 'retune:1' };
const match = { 'nvidia.com/gpu.product': 'Tesla-T4' };
const node = (name: string, change: { ready?: boolean; cordoned?: boolean; cpu?: string } = {}): Node => ({
  ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: match } },
  spec: { unschedulable: change.cordoned },
  status: {
    allocatable: { cpu: change.cpu ?? '8' },
    conditions: [{ type: 'Ready', status: change.ready === false ? 'False' : 'True' }],
  },
});
const profile = (status?: HardwareProfile['status']): HardwareProfile => ({
  ...{ apiVersion, kind: 'HardwareProfile', metadata: { name: 'tesla-t4', generation: 1 }, spec: { match }, status },
});
const snapshot = (change: Partial<HardwareSnapshot> = {}): HardwareSnapshot => ({
  ...{ profile: profile(), match, nodes: [node('n1')], met: undefined, pod: undefined },
  ...change,
});
const ready = (found: HardwareProfile['status']) => findCondition(found?.conditions, 'Ready');

test('a type that nodes carry gets a profile of their labels; one that none carries gets none', () => {
  assert.deepEqual(decide(snapshot({ profile: undefined }), settings, startMs).create, match);
  assert.deepEqual(decide(snapshot({ profile: undefined, match: undefined, nodes: [] }), settings, startMs), {
    events: [],
  });
});

test('nodes count when they have been there for the hold-down on end, and not before', () => {
  const first = decide(snapshot(), settings, startMs);
  assert.deepEqual([ready(first.status)?.status, ready(first.status)?.reason], ['False', 'HoldingDown']);
  const early = decide(snapshot({ profile: profile(first.status) }), settings, startMs + holdDownMs - 1000);
  assert.equal(ready(early.status)?.status, 'False');
  assert.ok((early.requeueAfterMs ?? 0) <= 1000);
  const late = decide(snapshot({ profile: profile(first.status) }), settings, startMs + holdDownMs);
  assert.deepEqual([ready(late.status)?.status, late.events[0]?.reason], ['True', 'Stable']);
});

test('nodes that come and go start the hold-down anew', () => {
  const first = decide(snapshot(), settings, startMs).status;
  const gone = decide(snapshot({ profile: profile(first), nodes: [] }), settings, startMs + 60_000);
  assert.deepEqual([ready(gone.status)?.reason, gone.events[0]?.type], ['NoNodes', 'Warning']);
  const back = decide(snapshot({ profile: profile(gone.status) }), settings, startMs + holdDownMs);
  assert.equal(ready(back.status)?.reason, 'HoldingDown');
});

test('nodes that are not ready or cordoned are none, and the smallest says what a worker may have', () => {
  const nodes = [
    node('n3', { cpu: '3500m' }),
    node('n2'),
    node('n4', { ready: false }),
    node('n5', { cordoned: true }),
  ];
  const { status } = decide(snapshot({ nodes }), settings, startMs);
  assert.deepEqual([status?.nodes, status?.nodeCount, status?.allocatableCpu], [['n2', 'n3'], 2, '3.5']);
});

const facts = (engine: string) => ({ cpuModel: 'EPYC', instructionSets: ['avx2'], cores: 1, cacheBytes: {}, engine });
const abilities = {
  ...{ bandwidthGBps: { memory: 12 }, peakGops: { fp32: 100, int8: 400 }, kernels: [] },
  table: `sha256:${'0'.repeat(64)}`,
};
const answered = (name: string, engine: string): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [] } },
  status: {
    phase: 'Succeeded',
    containerStatuses: [
      {
        ...{ name: 'worker', ready: false, restartCount: 0 },
        state: {
          terminated: { exitCode: 0, message: JSON.stringify({ kind: 'Probe', facts: facts(engine), abilities }) },
        },
      },
    ],
  },
});
const stable = { stableSince: '2026-01-01T00:00:00Z', conditions: [] };

test('a type is probed once its nodes are there for good, and what was found is in status before its pod goes', () => {
  assert.equal(decide(snapshot(), settings, startMs).start, undefined);
  const ready = decide(snapshot({ profile: profile(stable) }), settings, startMs);
  assert.equal(ready.start, 'probe-tesla-t4-0-0');
  const found = decide(
    snapshot({ profile: profile(ready.status), pod: answered('probe-tesla-t4-0-0', 'onnxruntime 1') }),
    settings,
    startMs,
  );
  assert.deepEqual([found.over, found.status?.generation, found.status?.abilities], [true, 1, abilities]);
  assert.equal(findCondition(found.status?.conditions, 'Probed')?.status, 'True');
  assert.equal(decide(snapshot({ profile: profile(found.status) }), settings, startMs).start, undefined);
  const newer = { ...settings, image: 'retune:2' };
  assert.equal(decide(snapshot({ profile: profile(found.status) }), newer, startMs).start, 'probe-tesla-t4-1-0');
});

test('another engine is the next generation; a probe that finds the same is not', () => {
  const before = { ...stable, probe: { count: 1, image: 'retune:1', finished: '2026-01-01T00:00:00Z' } };
  const known = { ...before, facts: facts('onnxruntime 1'), fingerprint: fingerprint(facts('onnxruntime 1')) };
  const met = { finished: '2026-01-01T11:00:00Z', facts: facts('onnxruntime 2') };
  const again = decide(snapshot({ profile: profile(known), met }), settings, startMs);
  assert.equal(again.start, 'probe-tesla-t4-1-0');
  for (const [engine, generation] of [
    ['onnxruntime 2', 2],
    ['onnxruntime 1', 1],
  ] as const) {
    const pod = answered('probe-tesla-t4-1-0', engine);
    const next = decide(snapshot({ profile: profile(again.status), met, pod }), settings, startMs);
    assert.equal(next.status?.generation, generation);
    // Nodes that differ would have it probed for ever.
    const after = decide(snapshot({ profile: profile(next.status), met }), settings, startMs + 60_000);
    assert.equal(after.start, undefined);
  }
});

test('a probe that fails for good is told, and what was known stays', () => {
  const failed: Pod = {
    ...answered('probe-tesla-t4-0-0', ''),
    status: { phase: 'Failed', reason: 'DeadlineExceeded', containerStatuses: [] },
  };
  const { status, over } = decide(
    snapshot({ profile: profile({ ...stable, abilities }), pod: failed }),
    settings,
    startMs,
  );
  const probed = findCondition(status?.conditions, 'Probed');
  assert.deepEqual([over, probed?.status, status?.abilities, status?.probe?.count], [true, 'False', abilities, 1]);
});
