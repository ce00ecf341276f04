import { type Failure, TaskResult } from '../../api/task.ts';
import type { ContainerStatus, Pod } from '../../runtime/cluster/core-types.ts';

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
  if (!result) return undefined;
  if (result.kind === 'Failure') return failed(result.reason, result.message, result.retryable);
  return { kind: 'Done', result, finished: container?.state?.terminated?.finishedAt };
};

const outOfMemory: Check = (_, container) =>
  container?.state?.terminated?.reason === 'OOMKilled'
    ? failed('OutOfMemory', 'the worker ran out of memory: raise spec.worker.memory of the search')
    : undefined;

const deadline: Check = ({ status }) =>
  status?.reason === 'DeadlineExceeded'
    ? failed('DeadlineExceeded', 'the worker did not end in time: raise spec.worker.deadline of the search')
    : undefined;

const evicted: Check = ({ status }) =>
  status?.phase === 'Failed' && status.reason
    ? failed(status.reason, `the pod was ended by its node: ${status.message ?? status.reason}`, true)
    : undefined;

const image: Check = (_, container) => {
  const { reason = '', message } = container?.state?.waiting ?? {};
  const sentence = imageTrouble[reason];
  if (!sentence) return undefined;
  return failed(
    'ImageMissing',
    `the worker can't start, ${sentence}: set spec.worker.image of the search (${message ?? reason})`,
  );
};

const ended: Check = ({ status }, container) => {
  if (status?.phase !== 'Failed' && status?.phase !== 'Succeeded') return undefined;
  const { exitCode, message } = container?.state?.terminated ?? {};
  const said = message ? `: ${message.slice(-300)}` : '';
  return failed('WorkerCrashed', `the worker ended with exit code ${exitCode ?? 'unknown'} and no result${said}`, true);
};

const running: Check = ({ status }) => (status?.phase === 'Running' ? { kind: 'Running' } : undefined);

const checks: Check[] = [told, outOfMemory, deadline, evicted, image, ended, running];

/** The state of a worker pod, classified: the first check that has something to say, else it waits. */
export function podOutcome(pod: Pod): PodOutcome {
  const container = pod.status?.containerStatuses?.[0];
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
