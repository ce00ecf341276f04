import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type MeasureTask, Task } from '../api/task.ts';
import { modules } from '../cli/worker.ts';
import { withInputs } from './inputs.ts';
import { runWorker } from './run.ts';

const text = 'rows';
const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
const server = createServer((_, response) => response.end(text));
let folder: string;
let url: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-far-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rows.npz`;
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const task = (inputs: MeasureTask['inputs'], heldout = inputs): MeasureTask => ({
  ...{ kind: 'Measure', candidate: { digest }, baseline: { digest }, inputs, heldout, batchSize: 1 },
  ...{ minSamples: 1, maxMeasureMs: 1, stopWhenSlower: false, cpuLimit: 1 },
});

test('inputs that lie elsewhere are files of this machine while a task is done, and gone after it', async () => {
  const files = await withInputs(modules, task({ uri: url, digest }, { uri: `${url}#${digest}` }), async (near) => {
    assert.deepEqual(Task.parse(near), near);
    assert.equal(near.kind, 'Measure');
    const { inputs, heldout } = near as MeasureTask;
    assert.equal(inputs.digest, digest);
    const paths = [inputs, heldout].map(({ uri }) => fileURLToPath(uri));
    for (const path of paths) assert.equal(await readFile(path, 'utf8'), text);
    return paths;
  });
  for (const path of files) await assert.rejects(readFile(path), { code: 'ENOENT' });
});

test('files of this machine are left where they are', async () => {
  const near = task({ uri: pathToFileURL(folder).href });
  assert.equal(await withInputs(modules, near, async (same) => same), near);
});

test('an input without a digest, or with another, ends the task with a sentence', async () => {
  const message = async (given: MeasureTask) => {
    const log = join(folder, 'message');
    await runWorker(modules, { RETUNE_TASK: JSON.stringify(given), RETUNE_STORE: url, RETUNE_TERMINATION_LOG: log });
    return JSON.parse(await readFile(log, 'utf8'));
  };
  const unchecked = await message(task({ uri: url }));
  assert.deepEqual([unchecked.reason, unchecked.retryable], ['StoreFailed', false]);
  assert.match(unchecked.message, /can't be checked: write http.*#sha256:<digest>/);
  const other = await message(task({ uri: url, digest: `sha256:${'0'.repeat(64)}` }));
  assert.match(other.message, /does not hash to sha256:0000/);
  assert.deepEqual(
    (await readdir(tmpdir())).filter((name) => name.startsWith('retune-inputs-')),
    [],
  );
});
