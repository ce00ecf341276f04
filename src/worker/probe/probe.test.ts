import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { KernelKind } from '../../api/hardware-profile.ts';
import { ProbeResult } from '../../api/task.ts';
import { gpuKernelChains, gpuTriads, productChain } from '../../core/hardware/gpu-kernels.ts';
import { kernelModels } from '../../core/hardware/kernels.ts';
import { patternModels } from '../../core/hardware/patterns.ts';
import { modelCost } from '../../core/onnx/cost/cost.ts';
import { decode } from '../../core/onnx/model.ts';
import type { Engine, Session } from '../../engines/engine.ts';
import { engine } from '../../engines/onnxruntime/onnxruntime.ts';
import { moduleUrl } from '../../runtime/modules.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import { runWorker } from '../run.ts';
import { gpuKernelTimes } from './gpu.ts';
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

async function worker(task: string | undefined, provider?: string) {
  const terminationLog = join(folder, 'message');
  const environment = { RETUNE_TERMINATION_LOG: terminationLog, RETUNE_STORE: pathToFileURL(folder).href };
  const code = await runWorker(modules, { ...environment, RETUNE_TASK: task, RETUNE_PROVIDER: provider });
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
  const onGpu = gpuKernelChains.map((chain) => chain(1));
  for (const { model, macs, layers } of [...kernelModels(), ...onGpu])
    assert.equal(modelCost(model).macs, macs * layers);
  const names = [...kernelModels(), ...patternModels()].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const models of [kernelModels(), onGpu]) {
    assert.deepEqual(new Set(models.map(({ kind }) => kind)), new Set(KernelKind.options));
  }
});

test('of a GPU, a layer takes what it adds: a call and its copies, which are many times that, are none of it', async () => {
  let now = 0;
  const layerCost = { FLOAT: 0.25, FLOAT16: 0.125 };
  /** The engine, on a clock of its own: layers, and what calls cost. */
  const timed: Engine = {
    ...engine,
    async load(model, options, how) {
      const session = await engine.load(model, options, how);
      const { node, initializer } = decode(model).graph;
      const cost = initializer.some(({ dataType }) => dataType === 10) ? layerCost.FLOAT16 : layerCost.FLOAT;
      const layers = node.filter(({ opType }) => /MatMul/.test(opType ?? '')).length;
      const run: Session['run'] = (feeds) => {
        now += 16 + layers * cost;
        return session.run(feeds);
      };
      return { ...session, run };
    },
  };
  const times = await gpuKernelTimes(timed, () => now, [productChain('MatMul', 8, 32)]);
  const of = (precision: string) => times.find((time) => time.precision === precision);
  assert.deepEqual([of('FP32')?.ms, of('FP16')?.ms, of('FP16')?.ratio], [0.25, 0.125, 0.5]);
  assert.ok(times.every(({ macs }) => macs === 8 * 32 * 32) && of('INT8Dynamic'));
});

test('bandwidth of a GPU is of the tensors that stay on it', () => {
  const { bytes, model, shape } = gpuTriads(4);
  assert.deepEqual([model.graph.node.filter(({ opType }) => opType === 'Add').length, bytes], [5, 3 * 4 * 8192 * 4096]);
  assert.ok(shape.reduce((product, size) => product * size, 1) < 1e5);
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

test('a worker that is to run models on a GPU and has no provider for it says so, and measures nothing on the CPU', async () => {
  const { code, message } = await worker('{"kind":"Probe"}', 'CUDA');
  const failure = JSON.parse(message);
  assert.deepEqual([code, failure.reason], [1, 'EngineFailed']);
  assert.match(failure.message, /the CUDA provider did not load: .+; the worker needs an image with the provider/);
  const unknown = JSON.parse((await worker('{"kind":"Probe"}', 'TPU')).message);
  assert.match(unknown.message, /RETUNE_PROVIDER is TPU: it is one of CPU, CUDA/);
});
