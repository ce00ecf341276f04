import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearchStatus } from '../../api/nas-search.ts';
import type { Failure, TaskResult } from '../../api/task.ts';
import type { Pod } from '../../runtime/cluster/core-types.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { anSla } from '../sla/fixtures.ts';
import { aSearch, at, condition, snapshotOf, startMs } from './fixtures.ts';
import type { SearchSnapshot } from './gather.ts';
import { checkEveryMs, lookAtModel, mayChange } from './model-check.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const hour = 3_600_000;
const ended: NASSearchStatus = {
  ...{ finished: at, modelDigest: digest('a'), conditions: [condition('Succeeded', 'True', 'Completed')] },
};
const snapshot = (change: Partial<SearchSnapshot> = {}): SearchSnapshot => ({
  ...snapshotOf(aSearch()),
  checkEveryMs: hour,
  ...change,
});
const pod = (result?: TaskResult): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', spec: { containers: [] } },
  metadata: { name: 'quick-model-check', creationTimestamp: at },
  status: result
    ? {
        phase: result.kind === 'Failure' ? 'Failed' : 'Succeeded',
        containerStatuses: [
          {
            ...{ name: 'worker', ready: false, restartCount: 0 },
            state: { terminated: { exitCode: 0, message: JSON.stringify(result) } },
          },
        ],
      }
    : { phase: 'Running' },
});
const current = (status: NASSearchStatus) => {
  const found = findCondition(status.conditions, 'ModelCurrent');
  return [found?.status, found?.reason];
};

/** A look from its start to its end. */
function looked(result: TaskResult, from: NASSearchStatus = ended, atMs = startMs + hour) {
  const begun = lookAtModel(snapshot(), from, atMs);
  assert.equal(begun.pod, 'Start');
  assert.equal(lookAtModel(snapshot({ checkPod: pod() }), begun.status, atMs).pod, undefined);
  return lookAtModel(snapshot({ checkPod: pod(result) }), begun.status, atMs + 5000);
}
const is = (digit: string): TaskResult => ({ kind: 'Digest', modelDigest: digest(digit) });
const missing: Failure = {
  kind: 'Failure',
  reason: 'ModelMissing',
  message: 'there is no such file',
  retryable: false,
};

test('a search is looked at in its interval once it has ended, and what was found is in status before the pod goes', () => {
  assert.deepEqual(lookAtModel(snapshot(), ended, startMs + hour - 1000), {
    ...{ status: ended, events: [], requeueAfterMs: 1000 },
  });
  const same = looked(is('a'));
  assert.deepEqual([same.pod, ...current(same.status)], ['Remove', 'True', 'Unchanged']);
  assert.deepEqual(same.status.modelCheck, {
    digest: digest('a'),
    finished: new Date(startMs + hour + 5000).toISOString(),
  });
  assert.equal(lookAtModel(snapshot(), same.status, startMs + 2 * hour).pod, undefined);
  assert.equal(lookAtModel(snapshot(), same.status, startMs + 2 * hour + 5000).pod, 'Start');
});

test('another model is said to be one, once', () => {
  const other = looked(is('b'));
  assert.deepEqual([other.status.modelCheck?.digest, ...current(other.status)], [digest('b'), 'False', 'ModelChanged']);
  assert.match(other.events[0]?.message ?? '', /^file:\/\/\/models\/m\.onnx is sha256:b+, and sha256:a+ was searched$/);
  assert.deepEqual(looked(is('b'), other.status, startMs + 3 * hour).events, []);
});

test('one that can not be read is a sentence and no other model, and is looked at again soon', () => {
  const known = looked(is('a'));
  const lost = looked(missing, known.status, startMs + 3 * hour);
  assert.deepEqual([lost.status.modelCheck?.digest, ...current(lost.status)], [digest('a'), 'Unknown', 'ModelMissing']);
  assert.match(
    findCondition(lost.status.conditions, 'ModelCurrent')?.message ?? '',
    /^what file:.* is now is not known, and nothing follows from it: there is no such file$/,
  );
  assert.equal(lookAtModel(snapshot(), lost.status, startMs + 3 * hour + 606_000).pod, 'Start');
  const waiting = { ...pod(), status: { phase: 'Pending' as const } };
  const begun = lookAtModel(snapshot(), ended, startMs + hour);
  const given = lookAtModel(snapshot({ checkPod: waiting }), begun.status, startMs + hour);
  assert.deepEqual([given.pod, current(given.status)[0]], ['Remove', 'Unknown'], 'no node had room for an hour');
});

test('nothing is looked at while a search runs or is suspended, where nobody asks, and where a URI names its content', () => {
  const running = {
    ...ended,
    conditions: [{ ...condition('Succeeded', 'True', 'Searching'), status: 'Unknown' as const }],
  };
  const late = startMs + 9 * hour;
  assert.equal(lookAtModel(snapshot(), running, late).pod, undefined);
  assert.equal(lookAtModel(snapshot({ checkEveryMs: undefined }), ended, late).pod, undefined);
  assert.equal(lookAtModel(snapshot({ search: aSearch({ suspend: true }) }), ended, late).pod, undefined);
  const uri = `s3://bucket/models/sha256/${'0'.repeat(64)}`;
  assert.equal(lookAtModel(snapshot({ search: aSearch({ model: { uri } }) }), ended, late).pod, undefined);
  const begun = lookAtModel(snapshot(), ended, late);
  const stopped = lookAtModel(snapshot({ checkPod: pod(), checkEveryMs: undefined }), begun.status, late);
  assert.deepEqual([stopped.pod, stopped.status.modelCheck?.started], ['Remove', undefined]);
  assert.deepEqual([mayChange({ uri: 'file:///m.onnx' }), mayChange({ uri })], [true, false]);
});

test('wherever an operator dies, one pod at a time looks, and its finding is never another look at another time', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('step', 'die', 'end'), { maxLength: 40 }), (moves) => {
      let status = ended;
      let running: Pod | undefined;
      let nowMs = startMs;
      for (const move of moves) {
        nowMs += hour;
        if (move === 'end' && running) running = pod(is('b'));
        const { status: next, pod: what } = lookAtModel(snapshot({ checkPod: running }), status, nowMs);
        if (what === 'Start') assert.equal(running, undefined);
        if (what === 'Remove') assert.equal(next.modelCheck?.started, undefined);
        status = next;
        if (move === 'die') continue;
        if (what === 'Start') running = pod();
        if (what === 'Remove') running = undefined;
      }
      if (status.modelCheck?.digest) assert.deepEqual(current(status), ['False', 'ModelChanged']);
    }),
  );
});

test('of the SLAs that last searched with a search the most impatient one counts', () => {
  const sla = (modelCheck: string, change: Partial<LatencySLA['spec']['retune']> = {}, search?: string): LatencySLA => {
    const plain = anSla();
    const retune = { ...plain.spec.retune, modelCheck, ...change };
    const started = { search: search ?? '', trigger: 'Scheduled' as const, started: at, thresholdMs: 1 };
    return { ...plain, spec: { ...plain.spec, retune }, status: search ? { retune: started } : undefined };
  };
  assert.equal(checkEveryMs([sla('6h'), sla('30m')], 'search'), hour / 2);
  assert.equal(checkEveryMs([sla('0m'), sla('1h', { triggers: ['Scheduled'] })], 'search'), undefined);
  assert.equal(checkEveryMs([sla('1h', {}, 'web-1')], 'search'), undefined, 'it has searched with another since');
  assert.equal(checkEveryMs([sla('1h', {}, 'web-1')], 'web-1'), hour);
});
