import type { ContainerStatus, Pod } from '../../runtime/cluster/core-types.ts';
import { trainingContainers } from './training-pod.ts';

const initial = ({ status }: Pod): ContainerStatus[] => status?.initContainerStatuses ?? [];
const exitCodeOf = ({ state }: ContainerStatus) => state?.terminated?.exitCode;

/** The container that a pod is at: the init container that failed or waits, else the worker. */
export function presentContainer(pod: Pod): ContainerStatus | undefined {
  const held = initial(pod).find((one) => (exitCodeOf(one) ?? 0) !== 0 || trouble(one));
  return held ?? pod.status?.containerStatuses?.[0];
}

/** An init container waits for its turn as PodInitializing; any other reason is its own. */
const trouble = ({ state }: ContainerStatus) => state?.waiting && state.waiting.reason !== 'PodInitializing';

/** Its phase is Pending until its last init container has ended. */
export const hasBegun = (pod: Pod): boolean =>
  initial(pod).some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);

export const isTrainer = (container: ContainerStatus | undefined): boolean =>
  container?.name === trainingContainers.trainer;

/** The candidate was handed to the trainer, which has not ended well. */
export function wasTraining(pod: Pod): boolean {
  const exitCode = (name: string) =>
    initial(pod)
      .filter((one) => one.name === name)
      .map(exitCodeOf)[0];
  const trains = initial(pod).some(isTrainer);
  return trains && exitCode(trainingContainers.prepare) === 0 && exitCode(trainingContainers.trainer) !== 0;
}
