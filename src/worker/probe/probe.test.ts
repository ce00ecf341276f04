import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { KernelKind } from '../../api/hardware-profile.ts';
import { ProbeResult } from '../../api/task.ts';
import { kernelModels, patternModels } from '../../core/hardware/kernels.ts';
import { modelCost } from '../../core/onnx/cost/cost.ts';
import { moduleUrl } from '../../runtime/modules.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import { runWorker } from '../run.ts';
import { peakOf, ratesOf } from './kernels.ts';
import { triadOf } from './triad.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-probe-'));
});
after(() => rm(folder, { recursive: true }));

const modules = {
  engine: moduleUrl('../../engines/onnxruntime/onnxruntime.ts', import.meta.url),
  stores: moduleUrl('../../stores/open.ts', import.meta.url),
};

async function worker(task: string | undefined) {
  const terminationLog = join(folder, 'message');
  const environment = { RETUNE_TERMINATION_LOG: terminationLog, RETUNE_STORE: pathToFileURL(folder).href };
  const code = await runWorker(modules, { ...environment, RETUNE_TASK: task });
  return { code, message: await readFile(terminationLog, 'utf8') };
}

test('a triad adds and multiplies, on every element and on nothing else', () => {
  const { a, b, c, run } = triadOf(1003);
  assert.ok(a.length >= 1003 && a.length % 8 === 0);
  for (let i = 0; i < a.length; i++) [b[i], c[i]] = [i, 2 * i + 1];
  run(3);
  assert.ok(a.every((value, i) => value === i + 3 * (2 * i + 1)));
  assert.ok(b.every((value, i) => value === i) && c.every((value, i) => value === 2 * i + 1));
});

test('the models that are timed have the cost that is said, and no two a name', () => {
  for (const { model, macs, layers } of kernelModels()) assert.equal(modelCost(model).macs, macs * layers);
  const names = [...kernelModels(), ...patternModels()].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(new Set(kernelModels().map(({ kind }) => kind)), new Set(KernelKind.options));
});

test('ratios are the mean of all sizes, peaks those of the best', () => {
  const time = (ms: number, ratio: number) => ({
    ...({ name: 'm', kind: 'MatMul', precision: 'INT8Static', ms, macs: 1e6, ratio } as const),
  });
  const times = [time(1, 0.5), time(2, 2), { ...time(1, 1), precision: 'FP32' as const }];
  const [first, second] = ratesOf(times);
  assert.deepEqual([first?.precision, first?.ratio, second?.precision, second?.gops], ['INT8Static', 1, 'FP32', 2]);
  assert.ok(Math.abs((first?.gops ?? 0) - Math.SQRT2) < 1e-9);
  assert.deepEqual([peakOf(times, ['INT8Static']), peakOf(times, ['FP16'])], [2, 0]);
});

test('a worker says what its machine is and can do, in a termination message, and keeps the table', async () => {
  const { code, message } = await worker('{"kind":"Probe"}');
  assert.equal(code, 0);
  const { facts, abilities } = ProbeResult.parse(JSON.parse(message));
  assert.match(facts.engine, /^onnxruntime \d/);
  assert.ok(abilities.bandwidthGBps.memory > 0.1 && abilities.peakGops.fp32 > 0.1 && abilities.peakGops.int8 > 0.1);
  assert.ok(abilities.kernels.some(({ kind, precision }) => kind === 'Conv' && precision === 'INT8Static'));
  assert.ok(abilities.kernels.every(({ ratio }) => ratio > 0));
  const table = JSON.parse(new TextDecoder().decode(await directoryStore(folder).get(abilities.table)));
  assert.equal(table.patterns.length, patternModels().length);
  assert.ok(table.kernels.every(({ ms }: { ms: number }) => ms > 0));
});

test('what is no task is refused', async () => {
  const { code, message } = await worker(undefined);
  assert.deepEqual([code, JSON.parse(message).reason], [1, 'TaskInvalid']);
});
