import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { DeriveTask } from '../../api/task.ts';
import type { VariantTrainer } from '../../api/trainer.ts';
import { initializerOf } from '../../core/onnx/graph.ts';
import { decode, encode, readMetadata } from '../../core/onnx/model.ts';
import { engine } from '../../engines/onnxruntime/onnxruntime.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import { derive } from '../derive/derive.ts';
import { failureOf } from '../failure.ts';

const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
let folder: string;
const file = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-train-test-'));
});
after(() => rm(folder, { recursive: true }));

const dimensions = { 'stage1.depth': 1, 'stage1.width': 8, 'stage2.depth': 1, 'stage2.width': 16 };
const shell = (script: string, change: Partial<VariantTrainer> = {}): VariantTrainer => ({
  ...{ command: ['sh', '-c', script], deadline: '60s', seed: 7, ...change },
});
const task = (trainer?: VariantTrainer, precision: DeriveTask['candidate']['precision'] = 'FP32'): DeriveTask => ({
  ...{ kind: 'Derive', metric: 'Top1', trainer },
  ...{ model: quickstart('supernet.onnx'), supernet: quickstart('supernet.json') },
  ...{ calibration: quickstart('calibration.npz'), heldout: quickstart('heldout.npz') },
  candidate: { dimensions, precision, engine: { threads: 1, graphOptimization: 'All' } },
});
const run = (each: DeriveTask, onOutput?: (text: string) => void) =>
  derive({ engine, store: directoryStore(file('store')), onOutput }, each);
const variant = async (digest: string) => decode(await directoryStore(file('store')).get(digest));

test('a trainer that returns the candidate changes nothing but the note that it was trained', async () => {
  const copies = 'cp "$RETUNE_CANDIDATE" "$RETUNE_OUTPUT"';
  for (const precision of ['FP32', 'INT8Static', 'INT8Dynamic'] as const) {
    const plain = await run(task(undefined, precision));
    const trained = await run(task(shell(copies), precision));
    assert.deepEqual(trained.quality, plain.quality);
    const [before, after] = [await variant(plain.artifact.digest), await variant(trained.artifact.digest)];
    assert.equal(readMetadata(after)['retune.trained'], 'true');
    assert.equal(readMetadata(before)['retune.trained'], undefined);
    assert.deepEqual(
      after.graph.node.map(({ opType }) => opType),
      before.graph.node.map(({ opType }) => opType),
    );
  }
});

test('what a trainer is told: its files, the candidate, the seed, and nothing of the worker', async () => {
  process.env.RETUNE_STORE = 'file:///secret';
  const said: string[] = [];
  const script = `env | sort > ${file('env')}; echo epoch 1; ls -L "$RETUNE_DATA" "$RETUNE_BASE" "$RETUNE_QUANTIZED" >&2 || exit 9
    cmp "$RETUNE_DATA" ${file('own.npz')} && cp "$RETUNE_CANDIDATE" "$RETUNE_OUTPUT"`;
  await writeFile(file('own.npz'), await readFile('examples/quickstart/calibration.npz'));
  const data = { uri: pathToFileURL(file('own.npz')).href };
  await run(task(shell(script, { data }), 'INT8Static'), (text) => said.push(text));
  delete process.env.RETUNE_STORE;
  const environment = await readFile(file('env'), 'utf8');
  assert.match(environment, /^RETUNE_SEED=7$/m);
  assert.match(environment, /^RETUNE_CHOICES=\{"dimensions":\{"stage1.depth":1,.*"precision":"INT8Static"/m);
  assert.doesNotMatch(environment, /RETUNE_(STORE|TASK)/);
  assert.equal(said.join(''), 'epoch 1\n');
});

test('its working folder is gone afterwards, and so is what it left running', async () => {
  const script = `sleep 300 & echo $! > ${file('pid')}; dirname "$RETUNE_OUTPUT" > ${file('folder')}; cp "$RETUNE_CANDIDATE" "$RETUNE_OUTPUT"`;
  await run(task(shell(script)));
  const at = async (name: string) => (await readFile(file(name), 'utf8')).trim();
  await assert.rejects(stat(await at('folder')), /ENOENT/);
  await ended(Number(await at('pid')));
});

test('the quantised candidate is what would be stored, and one that comes back is stored as it is', async () => {
  const plain = await run(task(undefined, 'INT8Static'));
  const trained = await run(task(shell('cp "$RETUNE_QUANTIZED" "$RETUNE_OUTPUT"'), 'INT8Static'));
  const [before, after] = [await variant(plain.artifact.digest), await variant(trained.artifact.digest)];
  assert.deepEqual(after.graph, before.graph);
});

test('weights that a trainer has changed are judged, stored and quantised', async () => {
  const model = decode(await directoryStore(file('store')).get((await run(task())).artifact.digest));
  const bias = initializerOf(model.graph, 'fc.bias');
  assert.ok(bias?.rawData);
  // Always the digit 3.
  new DataView(bias.rawData.buffer, bias.rawData.byteOffset).setFloat32(12, 1e6, true);
  await writeFile(file('three.onnx'), encode(model));
  for (const precision of ['FP32', 'INT8Static'] as const) {
    const { quality } = await run(task(shell(`cp ${file('three.onnx')} "$RETUNE_OUTPUT"`), precision));
    assert.ok(quality.value > 0.08 && quality.value < 0.12, `${quality.value}`);
  }
});

describe('a trainer that fails is a sentence', () => {
  const fails = async (trainer: VariantTrainer, sentence: RegExp, precision?: 'FP32' | 'INT8Static') => {
    const failure = await run(task(trainer, precision)).then(() => assert.fail('it passed'), failureOf);
    assert.deepEqual([failure.reason, failure.retryable], ['TrainerFailed', false]);
    assert.match(failure.message, sentence);
  };

  test('with what it said last', async () => {
    await fails(
      shell('seq 1 5000 >&2; echo "ValueError: no gradient" >&2; exit 3'),
      /ended with code 3: [\s\S]*\n5000\nValueError: no gradient$/,
    );
    await fails(shell('exit 1'), /ended with code 1: it said nothing/);
    await fails(shell('kill -9 $$'), /was ended by a signal/);
  });

  test('when its command is not there', async () => {
    const command = ['/nowhere/train'];
    await fails(shell('', { command }), /can't be run: .*ENOENT$/);
    await fails(shell('', { command, image: 'mine:1' }), /ENOENT; without containers it must be on this machine/);
  });

  test('when it writes nothing, garbage, or another model', async () => {
    await fails(shell('true'), /wrote no model: it belongs into RETUNE_OUTPUT/);
    await fails(shell('echo hello > "$RETUNE_OUTPUT"'), /of no use: .*not ONNX/);
    await fails(shell('head -c 9000 "$RETUNE_CANDIDATE" > "$RETUNE_OUTPUT"'), /of no use: .*truncated/);
    const model = decode(new Uint8Array(await readFile('examples/quickstart/supernet.onnx')));
    const [output] = model.graph.output;
    const last = model.graph.node.at(-1);
    assert.ok(output && last);
    output.name = 'scores';
    last.output = ['scores'];
    await writeFile(file('renamed.onnx'), encode(model));
    await fails(
      shell(`cp ${file('renamed.onnx')} "$RETUNE_OUTPUT"`),
      /it has no output "logits"; it has a new output "scores"/,
    );
  });

  test('when it quantises what is to stay in FP32', async () => {
    const { artifact } = await run(task(undefined, 'INT8Static'));
    await mkdir(file('files'), { recursive: true });
    await writeFile(file('files/int8.onnx'), await directoryStore(file('store')).get(artifact.digest));
    await fails(shell(`cp ${file('files/int8.onnx')} "$RETUNE_OUTPUT"`), /is quantised and its candidate is FP32/);
  });

  test('when it hangs, and all that it has started ends', async () => {
    const script = `sleep 300 & echo $! > ${file('hung')}; trap '' TERM; wait; sleep 300`;
    await fails(
      shell(script, { deadline: '1s' }),
      /took longer than 1s and was ended: .*raise spec\.trainer\.deadline/,
    );
    await ended(Number(await readFile(file('hung'), 'utf8')));
  });

  test('when its data is not there', async () => {
    const data = { uri: pathToFileURL(file('absent.npz')).href };
    const failure = await run(task(shell('true', { data }))).then(() => assert.fail('it passed'), failureOf);
    assert.equal(failure.reason, 'DataMissing');
  });
});

/** Waits for a process to be gone; a zombie that nobody has waited for is. */
async function ended(pid: number): Promise<void> {
  for (let i = 0; i < 50; i++) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
    if (/\) Z/.test(state)) return;
    await sleep(100);
  }
  assert.fail(`process ${pid} runs on`);
}
