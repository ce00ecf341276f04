import { type Failure, TaskResult } from '../../api/task.ts';
import type { ContainerStatus, Pod } from '../../runtime/cluster/core-types.ts';
import { hasBegun, isTrainer, presentContainer, wasTraining } from './init-containers.ts';

type Result = Exclude<TaskResult, Failure>;

/** What became of a worker pod. */
export type PodOutcome =
  | { kind: 'Waiting'; reason: string; message: string }
  | { kind: 'Running' }
  | { kind: 'Done'; result: Result; finished?: string }
  | { kind: 'Failed'; reason: string; message: string; retryable: boolean };

/** Waiting reasons that waiting does not mend, and the sentence for each. */
const imageTrouble: Record<string, string> = {
  ErrImagePull: 'its image can not be pulled',
  ImagePullBackOff: 'its image can not be pulled',
  ErrImageNeverPull: 'its image is not on the node and may not be pulled',
  InvalidImageName: 'its image has no valid name',
};

const failed = (reason: string, message: string, retryable = false): PodOutcome => ({
  ...{ kind: 'Failed', reason, message, retryable },
});

function parse(message: string | undefined): TaskResult | undefined {
  try {
    return TaskResult.parse(JSON.parse(message ?? ''));
  } catch {
    return undefined;
  }
}

type Check = (pod: Pod, container: ContainerStatus | undefined) => PodOutcome | undefined;

/** The worker has said what came of it: nothing else counts. */
const told: Check = (_, container) => {
  const result = parse(container?.state?.terminated?.message);
  if (!result || isTrainer(container)) return undefined;
  if (result.kind === 'Failure') return failed(result.reason, result.message, result.retryable);
  return { kind: 'Done', result, finished: container?.state?.terminated?.finishedAt };
};

const outOfMemory: Check = (_, container) =>
  container?.state?.terminated?.reason === 'OOMKilled'
    ? failed(
        'OutOfMemory',
        isTrainer(container)
          ? 'the trainer ran out of memory: raise spec.trainer.memory of the search'
          : 'the worker ran out of memory: raise spec.worker.memory of the search',
      )
    : undefined;

const deadline: Check = (pod) => {
  if (pod.status?.reason !== 'DeadlineExceeded') return undefined;
  const sentence = wasTraining(pod)
    ? 'the trainer did not end in time: train less, or raise spec.trainer.deadline of the search'
    : 'the worker did not end in time: raise spec.worker.deadline of the search';
  return failed('DeadlineExceeded', sentence);
};

const evicted: Check = ({ status }) =>
  status?.phase === 'Failed' && status.reason
    ? failed(status.reason, `the pod was ended by its node: ${status.message ?? status.reason}`, true)
    : undefined;

const image: Check = (_, container) => {
  const { reason = '', message } = container?.state?.waiting ?? {};
  const sentence = imageTrouble[reason];
  if (!sentence) return undefined;
  const who = isTrainer(container) ? 'trainer' : 'worker';
  return failed(
    'ImageMissing',
    `the ${who} can't start, ${sentence}: set spec.${who}.image of the search (${message ?? reason})`,
  );
};

/** A trainer has no result but its model: what it said last says why there is none. */
const training: Check = (_, container) => {
  const { exitCode = 0, message } = container?.state?.terminated ?? {};
  if (!isTrainer(container) || exitCode === 0) return undefined;
  const said = message?.trim().slice(-700) || 'it said nothing';
  return failed('TrainerFailed', `the trainer ended with exit code ${exitCode}: ${said}`);
};

const ended: Check = ({ status }, container) => {
  if (status?.phase !== 'Failed' && status?.phase !== 'Succeeded') return undefined;
  const { exitCode, message } = container?.state?.terminated ?? {};
  const said = message ? `: ${message.slice(-300)}` : '';
  return failed('WorkerCrashed', `the worker ended with exit code ${exitCode ?? 'unknown'} and no result${said}`, true);
};

const running: Check = (pod) => (pod.status?.phase === 'Running' || hasBegun(pod) ? { kind: 'Running' } : undefined);

const checks: Check[] = [told, outOfMemory, deadline, evicted, image, training, ended, running];

/** The state of a worker pod, classified: the first check that has something to say, else it waits. */
export function podOutcome(pod: Pod): PodOutcome {
  const container = presentContainer(pod);
  for (const check of checks) {
    const found = check(pod, container);
    if (found) return found;
  }
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return {
    kind: 'Waiting',
    reason: unscheduled?.reason ?? 'Starting',
    message: unscheduled?.message ?? 'the pod has not started yet',
  };
}
