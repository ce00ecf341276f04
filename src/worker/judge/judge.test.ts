/** Judging with the real engine: the quick-start example, and small graphs for what it does not have. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { DeriveTask } from '../../api/task.ts';
import type { QualityMetric } from '../../api/variant.ts';
import { modelWith } from '../../core/onnx/fixtures.ts';
import { makeNode } from '../../core/onnx/graph.ts';
import { encode } from '../../core/onnx/model.ts';
import type { Dim } from '../../core/onnx/shapes/dims.ts';
import { engine } from '../../engines/onnxruntime/onnxruntime.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import { batch, dataset } from '../dataset.ts';
import { derive } from '../derive/derive.ts';
import { failureOf } from '../failure.ts';
import { readNpz, writeNpz } from '../npz.ts';
import { batches } from './batches.ts';
import { judge } from './judge.ts';
import { sameOutputs } from './record.ts';

const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-judge-'));
});
after(() => rm(folder, { recursive: true }));
const store = () => directoryStore(join(folder, 'store'));

describe('the quick-start example', () => {
  const small = { 'stage1.depth': 1, 'stage1.width': 8, 'stage2.depth': 1, 'stage2.width': 16 };
  const make = (metric: QualityMetric, dimensions: Record<string, number>, change: Partial<DeriveTask> = {}) =>
    derive(
      { engine, store: store() },
      {
        ...{ kind: 'Derive', metric, model: quickstart('supernet.onnx'), supernet: quickstart('supernet.json') },
        ...{ calibration: quickstart('calibration.npz'), heldout: quickstart('heldout.npz') },
        candidate: { dimensions, precision: 'FP32', engine: { threads: 1, graphOptimization: 'All' } },
        ...change,
      },
    );

  test('a smaller subnet drops by what its rows say against those of the base variant, which need not run again', async () => {
    const base = await make('Top1', {});
    assert.equal(base.quality.dropHigh, undefined);
    const baseline = { digest: base.artifact.digest, outputs: base.outputs };
    const { quality } = await make('Top1', small, { baseline });
    const drop = base.quality.value - quality.value;
    assert.ok(quality.dropHigh !== undefined && quality.dropHigh > drop && quality.dropHigh < drop + 0.01);
    // Unpaired, the ends of both intervals would be further apart.
    assert.ok(quality.dropHigh < base.quality.high - quality.low);
    const lost = await make('Top1', small, { baseline: { ...baseline, outputs: `sha256:${'0'.repeat(64)}` } });
    assert.deepEqual({ ...lost.quality, dropHigh: quality.dropHigh }, quality);
    assert.equal(lost.quality.dropHigh, undefined);
  });

  test('what is recorded of INT8 with ranges of each batch is what a request of as many rows gets', async () => {
    const candidate = { dimensions: small, precision: 'INT8Dynamic', engine: { threads: 1, graphOptimization: 'All' } };
    const { artifact, outputs } = await make('Top1', {}, { candidate: candidate as DeriveTask['candidate'] });
    const { outputs: recorded } = readNpz(await store().get(outputs));
    const session = await engine.load(await store().get(artifact.digest), { threads: 1, graphOptimization: 'All' });
    const heldout = dataset(await readFile('examples/quickstart/heldout.npz'), session.inputs);
    const together = (await session.run(batch(heldout, 0, 32))).logits?.data;
    const alone = (await session.run(batch(heldout, 0, 1))).logits?.data as Float32Array;
    await session.release();
    assert.deepEqual(recorded?.data, together);
    assert.notDeepEqual(recorded?.data.slice(0, 10), alone);
  });

  test('compared with the base variant, it agrees and points the same way as often as its top-1 allows', async () => {
    const base = await make('Agreement', {});
    const baseline = { digest: base.artifact.digest, outputs: base.outputs };
    const itself = await make('Agreement', {}, { baseline });
    assert.deepEqual([itself.quality.value, itself.artifact.digest], [1, base.artifact.digest]);
    const agrees = (await make('Agreement', small, { baseline })).quality;
    assert.ok(agrees.value > 0.96 && agrees.value < 1 && (agrees.dropHigh ?? 0) > 1 - agrees.value);
    const alike = (await make('Cosine', small, { baseline })).quality;
    assert.ok(alike.value > 0.5 && alike.value < 1 && alike.low < alike.value && alike.value < alike.high);
  });
});

const floats = (shape: number[], at: (i: number) => number) => ({
  ...{ type: 'FP32' as const, shape },
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => at(i)),
});
const wave = (i: number) => Math.sin(i * 12.9898) * 3;

/** A model whose output is its input, twice as large, with these axes. */
const doubling = (shape: readonly Dim[]) =>
  encode(modelWith({ inputs: { x: shape }, nodes: [makeNode('Add', 'add', ['x', 'x'], ['y'])], outputs: ['y'] }));

async function judged(model: Uint8Array, arrays: Parameters<typeof writeNpz>[0], how: Partial<DeriveTask>) {
  const file = join(folder, 'heldout.npz');
  await writeFile(file, writeNpz(arrays));
  const session = await engine.load(model, { threads: 1, graphOptimization: 'All' });
  await session.release();
  const digest = await store().put(model);
  const heldout = dataset(await readFile(file), session.inputs);
  const all = { metric: 'Top1' as const, heldout: { uri: pathToFileURL(file).href }, ...how };
  return judge({ engine, store: store() }, all, { model, digest, heldout, base: () => model });
}
const refused = (promise: Promise<unknown>) => promise.then(() => assert.fail('it passed'), failureOf);

describe('any shape of batch', () => {
  const rows = 7;
  const labels = {
    type: 'INT64' as const,
    shape: [rows],
    data: BigInt64Array.from({ length: rows }, (_, i) => BigInt(i % 3)),
  };
  const data = { x: floats([rows, 3], wave), labels };

  test('a model made for one row, or for four, is judged like one that takes any number', async () => {
    const of = async (size: Dim) => (await judged(doubling([size, 3]), data, { metric: 'Perplexity' })).quality;
    const any = await of('N');
    assert.equal(any.samples, rows);
    assert.deepEqual([await of(1), await of(4)], [any, any]);
  });

  test('rows come in the order they lie in, whole, and never more than fits', async () => {
    for (const [size, most] of [
      ['N', 100],
      [4, 4],
    ] as const) {
      const session = await engine.load(doubling([size, 3]), { threads: 1, graphOptimization: 'All' });
      const many = { rows: 210, inputs: { x: floats([210, 3], wave) } };
      const seen: number[] = [];
      for await (const [one] of batches([session], many)) {
        assert.ok(one && one.to - one.from <= most);
        seen.push(...((one.outputs.y?.data ?? []) as Float32Array));
      }
      await session.release();
      assert.deepEqual(
        Float32Array.from(seen),
        many.inputs.x.data.map((value) => 2 * value),
      );
    }
  });

  test('rows of large outputs are taken one by one, and of what is recorded a megabyte at most', async () => {
    const wide = 400_000;
    const model = doubling(['N', wide]);
    const x = floats([12, wide], (i) => wave(i % 1000));
    const session = await engine.load(model, { threads: 1, graphOptimization: 'All' });
    for await (const [one] of batches([session], { rows: 12, inputs: { x } })) assert.ok(one && one.to - one.from <= 3);
    await session.release();
    const { outputs, quality } = await judged(model, { x, targets: x }, { metric: 'MAE' });
    const { outputs: recorded } = readNpz(await store().get(outputs));
    assert.ok(recorded && recorded.data.byteLength <= 2 ** 20 && (recorded.shape[0] ?? 0) > 1);
    for (let row = 0; row < (recorded.shape[0] ?? 0); row++) {
      assert.equal(recorded.data[row * (recorded.shape[1] ?? 0)], 2 * (x.data[row * wide] ?? 0));
    }
    assert.ok(quality.value > 0);
  });

  test('outputs are the recorded ones up to rounding, also where rows are recorded in part', () => {
    const here = { rows: 2, width: 3, values: Float32Array.from([1, 2, 9, 100, -4, 9]) };
    const recorded = (...values: number[]) => ({
      ...{ type: 'FP32' as const, shape: [2, values.length / 2], data: Float32Array.from(values) },
    });
    assert.equal(sameOutputs(here, recorded(1.001, 2, 100.09, -4)), true);
    assert.equal(sameOutputs(here, recorded(1, 2, 100.3, -4)), false);
    assert.equal(sameOutputs(here, recorded(1, 2, 9, 100, -4, 9)), true);
    assert.equal(sameOutputs(here, recorded(1, 2, 9, 100, -4, Number.NaN)), false);
    assert.equal(sameOutputs(here, recorded(1, 2, 9, 0, 100, -4, 9, 0)), false);
  });

  test('logits of a language model are judged token by token, rows being what is independent', async () => {
    const [sequences, length, words] = [6, 4, 5];
    const x = floats([sequences, length, words], wave);
    const ids = Int32Array.from({ length: sequences * length }, (_, i) => (i % 4 === 3 ? -100 : (i * 7) % words));
    const tokens = { type: 'INT32' as const, shape: [sequences, length], data: ids };
    const { quality } = await judged(doubling(['N', 'S', words]), { x, labels: tokens }, { metric: 'Perplexity' });
    let [sum, count] = [0, 0];
    for (const [i, id] of ids.entries()) {
      if (id < 0) continue;
      const row = Array.from(x.data.subarray(i * words, (i + 1) * words), (value) => 2 * value);
      const total = row.reduce((all, value) => all + Math.exp(value), 0);
      sum -= Math.log(Math.exp(row[id] ?? 0) / total);
      count++;
    }
    assert.ok(Math.abs(quality.value / Math.exp(sum / count) - 1) < 1e-5, `${quality.value}`);
    assert.deepEqual([quality.samples, count], [sequences, 18]);
  });

  test('which output is judged can be said, and one that is not there is a sentence', async () => {
    const nodes = [makeNode('Add', 'add', ['x', 'x'], ['y']), makeNode('Neg', 'neg', ['x'], ['z'])];
    const model = encode(modelWith({ inputs: { x: ['N', 3] }, nodes, outputs: ['y', 'z'] }));
    const targets = floats([rows, 3], (i) => -wave(i));
    const second = await judged(model, { ...data, targets }, { metric: 'MSE', output: 'z' });
    assert.ok(second.quality.value < 1e-12);
    const { reason, message } = await refused(judged(model, data, { output: 'w' }));
    assert.deepEqual(
      [reason, message],
      ['ModelInvalid', 'the model has no output "w", it has y, z: correct spec.quality.output'],
    );
  });

  test('too few rows, and outputs that are no numbers, are sentences', async () => {
    const one = { x: floats([1, 3], wave), targets: floats([1, 3], wave) };
    assert.match((await refused(judged(doubling(['N', 3]), one, { metric: 'MSE' }))).message, /at least 2 rows/);
    const endless = { x: floats([3, 3], () => 3e38), targets: floats([3, 3], wave) };
    const { reason, message } = await refused(judged(doubling(['N', 3]), endless, { metric: 'MSE' }));
    assert.deepEqual([reason, /MSE comes to Infinity .*not finite/.test(message)], ['ModelInvalid', true]);
  });
});

describe("a command of the user's", () => {
  const data = { x: floats([2, 3], wave) };
  const run = (script: string, change: Partial<DeriveTask> = {}) =>
    judged(doubling(['N', 3]), data, {
      ...{ metric: 'Command', higherIsBetter: false, command: [process.execPath, '-e', script], ...change },
    });

  test('gets the variant and the data, and its last line is the quality', async () => {
    const script = `
      const { statSync } = require('node:fs');
      const value = statSync(process.env.RETUNE_MODEL).size + statSync(process.env.RETUNE_DATA).size / 1e6;
      if (process.env.RETUNE_TASK) throw new Error('the task is none of its business');
      console.log('loading');
      console.log(JSON.stringify({ value, samples: 2, low: value - 1, high: value + 1 }));`;
    const { quality, outputs } = await run(script);
    const size = doubling(['N', 3]).length;
    assert.deepEqual([Math.floor(quality.value), quality.higherIsBetter, quality.samples], [size, false, 2]);
    assert.ok(quality.low < quality.value && quality.value < quality.high);
    assert.equal(readNpz(await store().get(outputs)).outputs?.data.length, 6);
    const bare = await run('console.log(JSON.stringify({ value: 0.5, samples: 9 }))');
    assert.deepEqual([bare.quality.low, bare.quality.high], [0.5, 0.5]);
  });

  test('that fails, says something else, is not there or does not end is a sentence', async () => {
    const why = async (script: string, change?: Partial<DeriveTask>) => {
      const { reason, message } = await refused(run(script, change));
      assert.equal(reason, 'CommandFailed');
      return message;
    };
    assert.match(await why("console.error('no such table'); process.exit(3)"), /ended with code 3: no such table/);
    assert.match(await why("console.log('quality: good')"), /must print .* it printed "quality: good"/);
    assert.match(await why('console.log(JSON.stringify({ value: 1, samples: 0 }))'), /must print \{"value"/);
    assert.match(await why('console.log(JSON.stringify({ value: 1, low: 2, samples: 5 }))'), /around the value/);
    assert.match(await why('', { command: ['./no-such-judge'] }), /can't be run: .*ENOENT/);
    const started = performance.now();
    assert.match(await why('setInterval(() => {}, 1000)', { commandLimitMs: 300 }), /longer than 0\.3 s and was ended/);
    assert.ok(performance.now() - started < 20_000);
  });
});
