import type { NASSearchSpec } from '../../api/nas-search.ts';
import { type DeriveTask, type Task, workerEnv } from '../../api/task.ts';
import { trainerEnvironment, type VariantTrainer } from '../../api/trainer.ts';
import { durationMs } from '../../api/units.ts';
import type { Container, PodSpec } from '../../runtime/cluster/core-types.ts';

/** Init containers of a pod that trains in an image of the user's. */
export const trainingContainers = { prepare: 'prepare', trainer: 'trainer' } as const;

/** Where the working folder is mounted, in the worker's containers and in the trainer's. */
const workFolder = '/retune/work';
const mount = { name: 'work', mountPath: workFolder };

const trainerOf = (task: Task): VariantTrainer | undefined => (task.kind === 'Derive' ? task.trainer : undefined);

/** How long a pod may take: training has a deadline of its own. */
export function deadlineMs(task: Task, worker: NASSearchSpec['worker']): number {
  const trainer = trainerOf(task);
  return durationMs(worker.deadline) + (trainer ? durationMs(trainer.deadline) : 0);
}

function withTask(container: Container, task: Task): Container {
  const env = (container.env ?? []).filter(({ name }) => name !== workerEnv.task);
  return { ...container, env: [{ name: workerEnv.task, value: JSON.stringify(task) }, ...env] };
}

/** The user's image: the working folder is all it shares with the worker, and its only place to write. */
function trainerContainer({ resources, ...worker }: Container, image: string, task: DeriveTask): Container {
  const { trainer } = task;
  if (!trainer) throw new Error('a task without a trainer has no container for one');
  const { cpu = resources?.limits?.cpu ?? '1', memory = resources?.limits?.memory ?? '1Gi' } = trainer;
  const environment = { ...trainerEnvironment(workFolder, { ...task, trainer }), HOME: workFolder };
  return {
    ...{ name: trainingContainers.trainer, image, command: trainer.command, workingDir: workFolder },
    imagePullPolicy: worker.imagePullPolicy,
    env: Object.entries(environment).map(([name, value]) => ({ name, value })),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: { requests: { cpu, memory }, limits: { cpu, memory } },
    securityContext: worker.securityContext,
    volumeMounts: [mount],
  };
}

/**
 * What training adds to a worker's pod; undefined where nothing is trained. With an image: the worker's container twice,
 * to write the candidate and to judge what became of it, and the trainer's between them. Without: a folder to train in.
 */
export function trainingPod(
  worker: Container,
  task: Task,
): { containers: Pick<PodSpec, 'initContainers' | 'containers'>; volumes: PodSpec['volumes'] } | undefined {
  const trainer = trainerOf(task);
  if (!trainer || task.kind !== 'Derive') return undefined;
  const volumes = [{ name: 'work', emptyDir: {} }];
  const main: Container = {
    ...worker,
    env: [...(worker.env ?? []), { name: workerEnv.work, value: workFolder }],
    volumeMounts: [...(worker.volumeMounts ?? []), mount],
  };
  if (!trainer.image) return { containers: { containers: [main] }, volumes };
  const prepare = withTask({ ...main, name: trainingContainers.prepare }, { ...task, kind: 'Prepare' });
  const judge = withTask(main, { ...task, trainer: { ...trainer, ended: true } });
  const initContainers = [prepare, trainerContainer(worker, trainer.image, task)];
  return { containers: { initContainers, containers: [judge] }, volumes };
}
