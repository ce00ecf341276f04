import { writeFile } from 'node:fs/promises';
import { Provider, Task, type TaskResult, workerEnv } from '../api/task.ts';
import { derive } from './derive/derive.ts';
import { failureOf, WorkerError } from './failure.ts';
import { modelDigest } from './files.ts';
import { withInputs } from './inputs.ts';
import { measure } from './measure/measure.ts';
import { loadEngine, type Modules, openStore } from './modules.ts';
import { probe } from './probe/probe.ts';
import { prepareTraining } from './train/train.ts';

/** A termination message may have 4096 bytes (Kubernetes, "Customizing the termination message"). */
const mostBytes = 4096;
const defaultStore = 'file:///var/lib/retune';

function taskOf(text: string | undefined): Task {
  if (!text)
    throw new WorkerError('TaskInvalid', `${workerEnv.task} is not set: it holds the task of a worker as JSON`);
  try {
    return Task.parse(JSON.parse(text));
  } catch (cause) {
    throw new WorkerError('TaskInvalid', `${workerEnv.task} holds no task: ${(cause as Error).message}`, { cause });
  }
}

function providerOf(text: string | undefined): Provider {
  const provider = Provider.safeParse(text ?? 'CPU');
  if (provider.success) return provider.data;
  const message = `${workerEnv.provider} is ${text}: it is one of ${Provider.options.join(', ')}`;
  throw new WorkerError('TaskInvalid', message);
}

async function done(modules: Modules, environment: NodeJS.ProcessEnv, task: Task): Promise<TaskResult> {
  const store = environment[workerEnv.store] ?? defaultStore;
  if (task.kind === 'Measure') return measure({ store, modules }, task);
  if (task.kind === 'Digest') return { kind: 'Digest', modelDigest: await modelDigest(task.model) };
  const engine = await loadEngine(modules);
  const work = environment[workerEnv.work];
  const onOutput = (text: string) => process.stdout.write(text);
  const deps = { store: await openStore(modules, store), engine, work, onOutput };
  if (task.kind === 'Probe') return probe({ ...deps, provider: modules.provider });
  if (task.kind === 'Derive') return derive(deps, task);
  await prepareTraining(deps, task);
  return { kind: 'Prepare' };
}

async function resultOf(adapters: Modules, environment: NodeJS.ProcessEnv): Promise<TaskResult> {
  try {
    const modules = { ...adapters, provider: providerOf(environment[workerEnv.provider]) };
    const asked = taskOf(environment[workerEnv.task]);
    return await withInputs(modules, asked, (task) => done(modules, environment, task));
  } catch (error) {
    return failureOf(error);
  }
}

/** Numbers of a message to six digits: as exact as any clock here, and a third as long. */
const short = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);

/** Keeps large integers whole: sizes in bytes are exact. */
const rounded = (key: string, value: unknown) => (Number.isSafeInteger(value) ? value : short(key, value));

/** The result as a termination message, never longer than one may be. */
export function messageOf(result: TaskResult): string {
  const text = JSON.stringify(result, rounded);
  if (Buffer.byteLength(text) <= mostBytes) return text;
  if (result.kind !== 'Failure') {
    return messageOf(failureOf(new WorkerError('Internal', `a result of ${text.length} characters is too long`)));
  }
  return JSON.stringify({ ...result, message: result.message.slice(0, 500) });
}

/**
 * Does the one task in the environment and writes its result where the kubelet looks for it. Returns the exit code: a
 * failure that is told of is no crash, yet the pod is to count as failed.
 */
export async function runWorker(modules: Modules, environment: NodeJS.ProcessEnv): Promise<number> {
  const result = await resultOf(modules, environment);
  const message = messageOf(result);
  const file = environment[workerEnv.terminationLog] ?? '/dev/termination-log';
  await writeFile(file, message).catch(() => undefined);
  console.log(message);
  return result.kind === 'Failure' ? 1 : 0;
}
