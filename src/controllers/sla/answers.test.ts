import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutStatus } from '../../api/latency-sla.ts';
import type { TrackState } from '../../core/rollout/canary.ts';
import type { Answered } from '../../sources/source.ts';
import type { TargetPod } from '../../targets/target.ts';
import { answersOf, type PodAnswer } from './answers.ts';
import { decide } from './decide.ts';
import { anSla, aSnapshot, baseUri, digestOf, nowMs, uriOf } from './fixtures.ts';

const at = new Date(nowMs).toISOString();
const rollout: RolloutStatus = {
  ...{ variant: 'small', modelUri: uriOf('small'), digest: digestOf('small'), previousUri: baseUri },
  ...{ step: 'Starting', started: at, stepSince: at },
};
const sla = anSla(
  { rollout: { answers: { port: 8080, path: '/infer' }, minSamples: 100, timeout: '5m', fieldIgnoredByGitOps: false } },
  { rollout },
);
const pod = (name: string, change: Partial<TargetPod> = {}): TargetPod => ({
  ...{ name, track: 'canary', address: '10.0.0.7', node: 'node-a', ready: false, waiting: true },
  ...change,
});
const challenge = {
  seed: 1,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1], low: 0, high: 1 }],
  outputs: [{ name: 'y', count: 1, first: [1] }],
};

function served(pods: TargetPod[]) {
  const { workload, trials, profiles, ...rest } = aSnapshot({ sla });
  if (workload.kind !== 'Found') throw new Error('the fixture has a workload');
  const canary: TrackState = { modelUri: uriOf('small'), settled: false };
  const baseline: TrackState = { modelUri: baseUri, settled: true };
  const target = { ...workload.target, pods, tracks: { ...workload.target.tracks, canary, baseline } };
  const asked = trials.map((trial) => ({ ...trial, status: { ...trial.status, challenge } }));
  return { ...rest, workload: { kind: 'Found' as const, target }, target, trials: asked, profiles };
}

test('the pods of a canary that wait are asked what was measured on their accelerator, and no others', async () => {
  const pods = [
    pod('asked'),
    pod('elsewhere', { node: 'node-b' }),
    pod('served', { waiting: undefined }),
    pod('starting', { address: undefined }),
    pod('base', { track: 'baseline' }),
  ];
  const { target, trials, profiles } = served(pods);
  const calls: string[] = [];
  const ask = async (address: string, { port, path }: { port: number; path: string }): Promise<Answered> => {
    calls.push(`${address}:${port}${path}`);
    return { kind: 'AsJudged' };
  };
  assert.deepEqual(await answersOf(ask, sla, target, { trials, profiles }), [
    { pod: 'asked', answered: { kind: 'AsJudged' } },
    { pod: 'elsewhere', answered: { kind: 'Unknown' } },
  ]);
  assert.deepEqual(calls, ['10.0.0.7:8080/infer']);
  const idle = { ...sla, status: { ...sla.status, rollout: undefined } };
  assert.deepEqual(await answersOf(ask, idle, target, { trials, profiles }), []);
});

const decided = (answers: PodAnswer[], later = 0) => decide({ ...served([pod('c')]), answers }, nowMs + later);

test('right answers let a pod have requests, and so does that nobody can tell', () => {
  for (const kind of ['AsJudged', 'Unknown'] as const) {
    const { actions, status } = decided([{ pod: 'c', answered: { kind } }]);
    assert.deepEqual(actions.at(-1), { kind: 'Admit', pod: 'c', at });
    assert.equal(status.rollout?.step, 'Starting');
  }
});

test('wrong answers end the rollout before a request is lost to them, and the variant is refused', () => {
  const text = 'answered with 3 of 10 numbers of output "y" that are not the variant\'s, by up to 4.00';
  const { actions, status } = decided([{ pod: 'c', answered: { kind: 'Different', text } }]);
  assert.deepEqual([status.rollout?.step, status.rollout?.reason], ['RollingBack', 'AnswersDiffer']);
  assert.equal(status.rollout?.message, `pod c ${text}`);
  assert.deepEqual(
    actions.filter(({ kind }) => kind === 'Admit'),
    [],
  );
});

test('no answer is waited for, and said when there was none in time', () => {
  const none = {
    pod: 'c',
    answered: { kind: 'NoAnswer' as const, text: 'answered POST /infer with 404 no such model' },
  };
  assert.equal(decided([none]).status.rollout?.step, 'Starting');
  assert.deepEqual(
    decided([none]).actions.map(({ kind }) => kind),
    ['EnsureCanary'],
  );
  const late = decided([none], 301_000).status.rollout;
  assert.deepEqual([late?.step, late?.reason], ['RollingBack', 'CanaryNotReady']);
  assert.match(late?.message ?? '', /pod c answered POST \/infer with 404/);
});
