/** The way of a pod that trains in an image, with its containers as processes that share a folder. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type DeriveTask, type Task, TaskResult, workerEnv } from '../../api/task.ts';
import { trainerEnvironment } from '../../api/trainer.ts';

const run = promisify(execFile);
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-containers-'));
  for (const name of ['work', 'store']) await mkdir(join(folder, name));
});
after(() => rm(folder, { recursive: true }));

async function worker(task: Task): Promise<TaskResult> {
  const log = join(folder, 'termination-log');
  const env = {
    ...process.env,
    [workerEnv.task]: JSON.stringify(task),
    [workerEnv.store]: pathToFileURL(join(folder, 'store')).href,
    [workerEnv.work]: join(folder, 'work'),
    [workerEnv.terminationLog]: log,
  };
  await run(process.execPath, ['--no-warnings', 'src/cli/main.ts', 'worker'], { env }).catch(() => undefined);
  return TaskResult.parse(JSON.parse(await readFile(log, 'utf8')));
}

test('what one container writes, the next trains and the last judges', { timeout: 120_000 }, async () => {
  const ref = (name: string) => ({ uri: pathToFileURL(resolve(`examples/quickstart/${name}`)).href });
  const trainer = { command: ['sh', '-c', 'cp "$RETUNE_QUANTIZED" "$RETUNE_OUTPUT"'], image: 'mine:1' };
  const task = {
    ...{ kind: 'Derive', metric: 'Top1', model: ref('supernet.onnx'), supernet: ref('supernet.json') },
    ...{ calibration: ref('calibration.npz'), heldout: ref('heldout.npz') },
    candidate: { dimensions: {}, precision: 'INT8Static', engine: { threads: 1, graphOptimization: 'All' } },
    trainer: { ...trainer, deadline: '1m', seed: 7 },
  } satisfies DeriveTask;

  assert.deepEqual(await worker({ ...task, kind: 'Prepare' }), { kind: 'Prepare' });
  const env = { PATH: process.env.PATH, ...trainerEnvironment(join(folder, 'work'), task) };
  const [program = '', ...args] = task.trainer.command;
  // The folder is all that the trainer's container has of this machine: nothing in it may point elsewhere.
  const links = await run('find', [join(folder, 'work'), '-type', 'l']);
  assert.equal(links.stdout, '');
  const judged = { ...task, trainer: { ...task.trainer, ended: true } };
  const early = await worker(judged);
  assert.ok(early.kind === 'Failure' && early.reason === 'TrainerFailed');
  await run(program, args, { env });
  const result = await worker(judged);
  assert.ok(result.kind === 'Derive');
  assert.ok(result.quality.value > 0.98);
});
