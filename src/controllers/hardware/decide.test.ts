import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { Trial } from '../../api/trial.ts';
import type { Node } from '../../runtime/cluster/core-types.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { decide } from './decide.ts';
import type { HardwareSnapshot } from './gather.ts';

const startMs = Date.parse('2026-01-01T12:00:00Z');
const holdDownMs = 120_000;
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
  ...{ profile: profile(), match, nodes: [node('n1')], trials: [] },
  ...change,
});
const ready = (found: HardwareProfile['status']) => findCondition(found?.conditions, 'Ready');

test('a type that nodes carry gets a profile of their labels; one that none carries gets none', () => {
  assert.deepEqual(decide(snapshot({ profile: undefined }), holdDownMs, startMs).create, match);
  assert.deepEqual(decide(snapshot({ profile: undefined, match: undefined, nodes: [] }), holdDownMs, startMs), {
    events: [],
  });
});

test('nodes count when they have been there for the hold-down on end, and not before', () => {
  const first = decide(snapshot(), holdDownMs, startMs);
  assert.deepEqual([ready(first.status)?.status, ready(first.status)?.reason], ['False', 'HoldingDown']);
  const early = decide(snapshot({ profile: profile(first.status) }), holdDownMs, startMs + holdDownMs - 1000);
  assert.equal(ready(early.status)?.status, 'False');
  assert.ok((early.requeueAfterMs ?? 0) <= 1000);
  const late = decide(snapshot({ profile: profile(first.status) }), holdDownMs, startMs + holdDownMs);
  assert.deepEqual([ready(late.status)?.status, late.events[0]?.reason], ['True', 'Stable']);
});

test('nodes that come and go start the hold-down anew', () => {
  const first = decide(snapshot(), holdDownMs, startMs).status;
  const gone = decide(snapshot({ profile: profile(first), nodes: [] }), holdDownMs, startMs + 60_000);
  assert.deepEqual([ready(gone.status)?.reason, gone.events[0]?.type], ['NoNodes', 'Warning']);
  const back = decide(snapshot({ profile: profile(gone.status) }), holdDownMs, startMs + holdDownMs);
  assert.equal(ready(back.status)?.reason, 'HoldingDown');
});

test('nodes that are not ready or cordoned are none, and the smallest says what a worker may have', () => {
  const nodes = [
    node('n3', { cpu: '3500m' }),
    node('n2'),
    node('n4', { ready: false }),
    node('n5', { cordoned: true }),
  ];
  const { status } = decide(snapshot({ nodes }), holdDownMs, startMs);
  assert.deepEqual([status?.nodes, status?.nodeCount, status?.allocatableCpu], [['n2', 'n3'], 2, '3.5']);
});

test('the latest trial says what the hardware is, and the facts outlive the trials', () => {
  const facts = (engine: string) => ({ cpuModel: 'EPYC', instructionSets: ['avx2'], cores: 1, cacheBytes: {}, engine });
  const trial = (finished: string, engine: string) => ({ status: { finished, facts: facts(engine) } }) as Trial;
  const trials = [trial('2026-01-02T00:00:00Z', 'onnxruntime 2'), trial('2026-01-01T00:00:00Z', 'onnxruntime 1')];
  const { status } = decide(snapshot({ trials }), holdDownMs, startMs);
  assert.equal(status?.facts?.engine, 'onnxruntime 2');
  const later = decide(snapshot({ profile: profile(status) }), holdDownMs, startMs).status;
  assert.deepEqual([later?.facts, later?.fingerprint], [status?.facts, status?.fingerprint]);
});
