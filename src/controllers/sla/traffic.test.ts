import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from './decide.ts';
import { anSla, aReading, aSnapshot, nowMs } from './fixtures.ts';
import type { SlaSnapshot } from './gather.ts';

const timeouts = (timeout: string, steps?: number[]) =>
  anSla({ rollout: { timeout, minSamples: 100, steps, fieldIgnoredByGitOps: false } });

function decided(change: Partial<SlaSnapshot>, target: object = {}) {
  const snapshot = aSnapshot({ production: aReading(2000, 400), ...change });
  if (snapshot.workload.kind !== 'Found') throw new Error('fixture');
  const workload = { kind: 'Found' as const, target: { ...snapshot.workload.target, ...target } };
  const { status } = decide({ ...snapshot, workload }, nowMs);
  const { reason, message = '' } = status.conditions?.find(({ type }) => type === 'Ready') ?? {};
  return { rollout: status.rollout?.variant, reason, message };
}

test('no canary is made that too few requests would come to, and what the timeout must be is told', () => {
  // 67 requests a second, of which a pod of three gets a third.
  const { rollout, reason, message } = decided({ sla: timeouts('4s') });
  assert.deepEqual([rollout, reason], [undefined, 'TooFewRequests']);
  assert.match(message, /^small fits better: a canary would get 88 requests in 4s .* 100 are needed .* to 1m$/);
  assert.equal(decided({ sla: timeouts('5s') }).rollout, 'small');
});

test('each share that a canary is given must be enough', () => {
  assert.equal(decided({ sla: timeouts('5s', [50]) }, { weight: 0 }).rollout, 'small');
  assert.equal(decided({ sla: timeouts('5s', [5, 50]) }, { weight: 0 }).reason, 'TooFewRequests');
  assert.equal(decided({ sla: timeouts('40s', [5, 50]) }, { weight: 0 }).rollout, 'small');
});

test('where others give a canary its share nobody guesses', () => {
  assert.equal(decided({ sla: timeouts('1s') }, { inPlace: true }).rollout, 'small');
});
