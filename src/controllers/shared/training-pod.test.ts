import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '../../api/common.ts';
import { NASSearchSpec } from '../../api/nas-search.ts';
import { type DeriveTask, Task, workerEnv } from '../../api/task.ts';
import type { VariantTrainer } from '../../api/trainer.ts';
import type { Container, ContainerStatus, Pod } from '../../runtime/cluster/core-types.ts';
import { podOutcome } from './pod-outcome.ts';
import { workerPod } from './worker-pod.ts';

const ref = (name: string) => ({ uri: `file:///models/${name}` });
const trainer: VariantTrainer = { command: ['python3', '/train.py'], deadline: '10m', seed: 3, image: 'mine:1' };
const task = (change: Partial<DeriveTask>): DeriveTask => ({
  ...{ kind: 'Derive', metric: 'Top1', model: ref('m.onnx'), heldout: ref('h.npz'), calibration: ref('c.npz') },
  candidate: { dimensions: {}, precision: 'INT8Static', engine: { threads: 1, graphOptimization: 'All' } },
  ...change,
});
const search = NASSearchSpec.parse({ model: ref('m.onnx'), data: { heldout: ref('h.npz') } });
const podOf = (change: Partial<DeriveTask>, processes?: boolean): Pod =>
  workerPod({
    owner: { apiVersion, kind: 'Variant', metadata: { name: 'v', namespace: 'default', uid: 'u' } },
    ...{ name: 'v-0', task: task(change), worker: search.worker },
    settings: { image: 'retune:latest', namespace: 'retune-system', store: { hostPath: '/var/lib/retune' }, processes },
  });
const environment = ({ env = [] }: Container) => Object.fromEntries(env.map(({ name, value }) => [name, value]));
const taskIn = (container: Container) => Task.parse(JSON.parse(environment(container)[workerEnv.task] ?? ''));

test('with an image, the candidate is written, trained in its container, and judged', () => {
  const { spec } = podOf({ trainer: { ...trainer, cpu: '4' } });
  const [prepare, training] = spec.initContainers ?? [];
  const [judge] = spec.containers;
  assert.ok(prepare && training && judge);
  assert.deepEqual([prepare.image, training.image, judge.image], ['retune:latest', 'mine:1', 'retune:latest']);
  assert.equal(taskIn(prepare).kind, 'Prepare');
  const judged = taskIn(judge);
  assert.ok(judged.kind === 'Derive' && judged.trainer?.ended);
  assert.deepEqual(training.command, ['python3', '/train.py']);
  assert.deepEqual(training.resources?.limits, { cpu: '4', memory: '1Gi' });
  assert.deepEqual(training.resources?.requests, training.resources?.limits);
  assert.equal(spec.activeDeadlineSeconds, 300 + 600);
});

test('a trainer sees its working folder alone, and may do no more than a worker', () => {
  const { spec } = podOf({ trainer });
  const training = spec.initContainers?.[1];
  assert.ok(training);
  assert.deepEqual(training.securityContext, spec.containers[0]?.securityContext);
  assert.equal(spec.automountServiceAccountToken, false);
  const [mount, ...others] = training.volumeMounts ?? [];
  assert.deepEqual([mount?.name, others.length], ['work', 0]);
  assert.deepEqual(spec.volumes?.at(-1), { name: 'work', emptyDir: {} });
  const { RETUNE_TASK, RETUNE_STORE, ...told } = environment(training);
  assert.deepEqual([RETUNE_TASK, RETUNE_STORE], [undefined, undefined]);
  for (const name of ['CANDIDATE', 'QUANTIZED', 'BASE', 'DATA', 'OUTPUT']) {
    assert.match(told[`RETUNE_${name}`] ?? '', new RegExp(`^${mount?.mountPath}/`), name);
  }
  assert.equal(environment(spec.containers[0] as Container)[workerEnv.work], mount?.mountPath);
});

test('a trainer is not told of files that there are not', () => {
  const candidate = { ...task({}).candidate, precision: 'FP32' as const };
  const { spec } = podOf({ trainer, candidate, calibration: undefined });
  const told = environment(spec.initContainers?.[1] as Container);
  assert.deepEqual([told.RETUNE_QUANTIZED, told.RETUNE_DATA], [undefined, undefined]);
});

test('without an image, or where pods are processes, the worker trains by itself', () => {
  for (const [image, processes] of [
    [undefined, false],
    ['mine:1', true],
  ] as const) {
    const { spec } = podOf({ trainer: { ...trainer, image } }, processes);
    assert.deepEqual([spec.initContainers, spec.containers.length], [undefined, 1]);
    const own = taskIn(spec.containers[0] as Container);
    assert.ok(own.kind === 'Derive' && own.trainer && !own.trainer.ended);
    assert.equal(spec.activeDeadlineSeconds, 900);
    assert.equal(spec.volumes?.length, processes ? 2 : 3);
  }
});

test('a pod that trains nothing is what it was', () => {
  const { spec } = podOf({});
  assert.deepEqual([spec.initContainers, spec.volumes?.length, spec.activeDeadlineSeconds], [undefined, 2, 300]);
});

type State = NonNullable<ContainerStatus['state']>;
const done: State = { terminated: { exitCode: 0 } };
const ended = (exitCode: number, message: string, reason = 'Error'): State => ({
  terminated: { exitCode, message, reason },
});
const initializing: State = { waiting: { reason: 'PodInitializing' } };
const outcome = (states: [prepare: State, trainer: State], status: Partial<NonNullable<Pod['status']>>) => {
  const named = (name: string, state: State) => ({ name, ready: false, restartCount: 0, state });
  const initContainerStatuses = [named('prepare', states[0]), named('trainer', states[1])];
  const containerStatuses = [named('worker', initializing)];
  return podOutcome({ ...podOf({ trainer }), status: { initContainerStatuses, containerStatuses, ...status } });
};
const told = JSON.stringify({ kind: 'Failure', reason: 'ModelMissing', message: 'no such file', retryable: false });

// Statuses as kubelet 1.35 writes them: a pod is Pending until its last init container has ended.
const failures: [what: string, found: ReturnType<typeof outcome>, reason: string, sentence: RegExp][] = [
  [
    'its trainer failed',
    outcome([done, ended(2, 'Traceback\nValueError: no gradient\n')], { phase: 'Failed' }),
    'TrainerFailed',
    /the trainer ended with exit code 2: Traceback\nValueError: no gradient$/,
  ],
  [
    'its trainer poses as a worker',
    outcome([done, ended(2, told)], { phase: 'Failed' }),
    'TrainerFailed',
    /exit code 2: \{"kind"/,
  ],
  [
    'its trainer took all memory',
    outcome([done, ended(137, '', 'OOMKilled')], { phase: 'Failed' }),
    'OutOfMemory',
    /raise spec\.trainer\.memory/,
  ],
  [
    'its trainer ran out of time',
    outcome([done, ended(137, '')], { phase: 'Failed', reason: 'DeadlineExceeded' }),
    'DeadlineExceeded',
    /raise spec\.trainer\.deadline/,
  ],
  [
    'its candidate could not be written',
    outcome([ended(1, told), initializing], { phase: 'Failed' }),
    'ModelMissing',
    /no such file/,
  ],
  [
    "its trainer's image is not there",
    outcome([done, { waiting: { reason: 'ImagePullBackOff', message: 'no mine:1' } }], { phase: 'Pending' }),
    'ImageMissing',
    /the trainer can't start, .*set spec\.trainer\.image.*no mine:1/,
  ],
];
for (const [what, found, reason, sentence] of failures) {
  test(`a pod fails when ${what}`, () => {
    assert.ok(found.kind === 'Failed');
    assert.equal(found.reason, reason);
    assert.match(found.message, sentence);
  });
}

test('a pod that trains runs, although its phase is Pending', () => {
  assert.equal(outcome([done, { running: {} }], { phase: 'Pending' }).kind, 'Running');
  assert.equal(outcome([initializing, initializing], { phase: 'Pending' }).kind, 'Waiting');
});
