import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus, Pod } from '../../runtime/cluster/core-types.ts';
import { podOutcome } from './pod-outcome.ts';

type PodStatus = NonNullable<Pod['status']>;
const container = (state: ContainerStatus['state']): PodStatus => ({
  containerStatuses: [{ name: 'worker', ready: false, restartCount: 0, state }],
});
const ended = (exitCode: number, message: string, reason = 'Error') =>
  container({ terminated: { exitCode, message, reason, finishedAt: '2026-01-01T00:00:00Z' } });
const outcome = (...parts: PodStatus[]) =>
  podOutcome({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [] } },
    status: Object.assign({}, ...parts),
  });
const result = JSON.stringify({ kind: 'Prepare' });

// Statuses as kubelet 1.35 writes them.
const failures: [what: string, parts: PodStatus[], reason: string, retryable: boolean, sentence: RegExp][] = [
  [
    'out of memory',
    [{ phase: 'Failed' }, ended(137, '', 'OOMKilled')],
    'OutOfMemory',
    false,
    /raise spec\.worker\.memory/,
  ],
  [
    'past its deadline',
    [{ phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than specified' }],
    'DeadlineExceeded',
    false,
    /raise spec\.worker\.deadline/,
  ],
  [
    'evicted by its node',
    [{ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }],
    'Evicted',
    true,
    /ended by its node: The node was low on resource/,
  ],
  [
    'its node shut down',
    [{ phase: 'Failed', reason: 'NodeShutdown', message: 'Pod was terminated in response to node shutdown.' }],
    'NodeShutdown',
    true,
    /in response to node shutdown/,
  ],
  [
    'its image is missing',
    [
      { phase: 'Pending' },
      container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' } }),
    ],
    'ImageMissing',
    false,
    /set spec\.worker\.image.*Back-off pulling image "x"/,
  ],
  [
    'crashed without a word',
    [{ phase: 'Failed' }, ended(139, '')],
    'WorkerCrashed',
    true,
    /ended with exit code 139 and no result$/,
  ],
  [
    'crashed with a word',
    [{ phase: 'Failed' }, ended(1, 'Error: no such module')],
    'WorkerCrashed',
    true,
    /no result: Error: no such module/,
  ],
];

for (const [what, parts, reason, retryable, sentence] of failures) {
  test(`a worker that is ${what} has failed: ${reason}`, () => {
    const found = outcome(...parts);
    assert.ok(found.kind === 'Failed');
    assert.deepEqual([found.reason, found.retryable], [reason, retryable]);
    assert.match(found.message, sentence);
  });
}

test('what a worker said counts, however its pod ended', () => {
  for (const parts of [
    [{ phase: 'Succeeded' } as const, ended(0, result)],
    // Evicted after the result was written: the work is done.
    [{ phase: 'Failed', reason: 'Evicted' } as const, ended(137, result, 'OOMKilled')],
  ]) {
    const found = outcome(...parts);
    assert.ok(found.kind === 'Done');
    assert.deepEqual([found.result.kind, found.finished], ['Prepare', '2026-01-01T00:00:00Z']);
  }
});

test('a failure that a worker told of is passed on as it is', () => {
  const told = JSON.stringify({ kind: 'Failure', reason: 'ModelMissing', message: 'no such file', retryable: false });
  const found = outcome({ phase: 'Failed' }, ended(1, told));
  assert.deepEqual(found, { kind: 'Failed', reason: 'ModelMissing', message: 'no such file', retryable: false });
});

test('a pod that no node takes waits, and says why', () => {
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes' } as const;
  assert.deepEqual(outcome({ phase: 'Pending', conditions: [condition] }), {
    ...{ kind: 'Waiting', reason: 'Unschedulable', message: '0/2 nodes' },
  });
  assert.equal(outcome({ phase: 'Pending' }).kind, 'Waiting');
  assert.equal(outcome({ phase: 'Running' }, container({ running: {} })).kind, 'Running');
});
