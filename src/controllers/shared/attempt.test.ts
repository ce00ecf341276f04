import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Pod } from '../../runtime/cluster/core-types.ts';
import { type Attempts, isSettled, longestWaitMs, mostAttempts, podName, type Settled, step } from './attempt.ts';
import type { PodOutcome } from './pod-outcome.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const done: PodOutcome = { kind: 'Done', result: { kind: 'Prepare' } };
const failed = (retryable: boolean): PodOutcome => ({ kind: 'Failed', reason: 'Evicted', message: 'gone', retryable });
const pod = (createdMs = nowMs): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', spec: { containers: [] } },
  metadata: { name: 'trial-0', creationTimestamp: new Date(createdMs).toISOString() },
});

function next(status: Attempts, outcome?: PodOutcome, its: Pod | undefined = outcome && pod()): Settled<Attempts> {
  return step({
    ...{ owner: { name: 'trial', generation: 3 }, status, conditionType: 'Succeeded', pod: its, outcome, nowMs },
    take: () => ({ status, message: 'measured' }),
    doneReason: 'Measured',
  });
}

test('where there is no pod, the one of this attempt is started, by the same name however often it is asked', () => {
  assert.equal(next({}).start, 'trial-0');
  assert.equal(next(next({}).status).start, 'trial-0');
  assert.equal(next({ attempts: 2 }).start, 'trial-2');
});

test('a pod that runs is left alone', () => {
  const { start, finished, status } = next({}, { kind: 'Running' });
  assert.deepEqual([start, finished, isSettled(status, 'Succeeded')], [undefined, false, false]);
});

test('a result settles it, of this generation', () => {
  const { finished, status, events } = next({}, done);
  assert.deepEqual([finished, isSettled(status, 'Succeeded'), events[0]?.reason], [true, true, 'Measured']);
  assert.equal(status.conditions?.[0]?.observedGeneration, 3);
});

test('what may pass next time is tried again so often, and what may not is not', () => {
  let status: Attempts = {};
  for (let attempt = 1; attempt < mostAttempts; attempt++) {
    const again = next(status, failed(true));
    ({ status } = again);
    assert.deepEqual([again.finished, status.attempts, isSettled(status, 'Succeeded')], [false, attempt, false]);
    assert.equal(next(status).start, podName('trial', attempt));
  }
  assert.ok(next(status, failed(true)).finished);
  assert.ok(next({}, failed(false)).finished);
});

test('a pod that no node takes is given up in the end', () => {
  const waiting: PodOutcome = { kind: 'Waiting', reason: 'Unschedulable', message: '0/2 nodes' };
  assert.equal(next({}, waiting, pod(nowMs - longestWaitMs + 1)).finished, false);
  const late = next({}, waiting, pod(nowMs - longestWaitMs));
  assert.deepEqual([late.finished, late.status.conditions?.[0]?.reason], [true, 'Unschedulable']);
});

test('whatever its pods do, a task ends after a bounded number of them, and with one verdict', () => {
  const outcomes = fc.constantFrom<PodOutcome>(done, failed(true), failed(false), { kind: 'Running' });
  fc.assert(
    fc.property(fc.array(outcomes, { maxLength: 20 }), (all) => {
      let status: Attempts = {};
      const started = new Set<string>();
      for (const outcome of all) {
        const { start } = next(status);
        if (start) started.add(start);
        const settled = next(status, outcome);
        ({ status } = settled);
        assert.equal(settled.finished, isSettled(status, 'Succeeded'));
        if (settled.finished) break;
      }
      assert.ok(started.size <= mostAttempts);
    }),
  );
});
