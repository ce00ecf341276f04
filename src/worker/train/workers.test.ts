/** Workers that train as processes of their own: the containers of a pod that share a folder, and one told to end. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
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

const log = () => join(folder, 'termination-log');
const environment = (task: Task): NodeJS.ProcessEnv => ({
  ...process.env,
  [workerEnv.task]: JSON.stringify(task),
  [workerEnv.store]: pathToFileURL(join(folder, 'store')).href,
  [workerEnv.work]: join(folder, 'work'),
  [workerEnv.terminationLog]: log(),
});
const command = ['--no-warnings', 'src/cli/main.ts', 'worker'];

async function worker(task: Task): Promise<TaskResult> {
  await run(process.execPath, command, { env: environment(task) }).catch(() => undefined);
  return TaskResult.parse(JSON.parse(await readFile(log(), 'utf8')));
}

const ref = (name: string) => ({ uri: pathToFileURL(resolve(`examples/quickstart/${name}`)).href });
const taskWith = (script: string, image?: string) =>
  ({
    ...{ kind: 'Derive', metric: 'Top1', model: ref('supernet.onnx'), supernet: ref('supernet.json') },
    ...{ calibration: ref('calibration.npz'), heldout: ref('heldout.npz') },
    candidate: { dimensions: {}, precision: 'INT8Static', engine: { threads: 1, graphOptimization: 'All' } },
    trainer: { command: ['sh', '-c', script], image, deadline: '1m', seed: 7 },
  }) satisfies DeriveTask;

test('what one container writes, the next trains and the last judges', { timeout: 120_000 }, async () => {
  const task = taskWith('cp "$RETUNE_QUANTIZED" "$RETUNE_OUTPUT"', 'mine:1');
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

test('a worker that is told to end ends its trainer, and says nothing that would count', {
  timeout: 60_000,
}, async () => {
  await rm(log(), { force: true });
  await rm(join(folder, 'work'), { recursive: true });
  await mkdir(join(folder, 'work'));
  const script = 'sleep 300 & echo started $!; wait';
  const child = spawn(process.execPath, command, {
    env: environment(taskWith(script)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const pid = Number(/^started (\d+)/.exec(line)?.[1]);
  assert.ok(process.kill(pid, 0));
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 143);
  assert.deepEqual(await readdir(join(folder, 'work')), []);
  await assert.rejects(readFile(log()), /ENOENT/);
  for (let i = 0; i < 50 && isAlive(pid); i++) await new Promise((done) => setTimeout(done, 100));
  assert.ok(!isAlive(pid));
});

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody has waited for is dead.
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
