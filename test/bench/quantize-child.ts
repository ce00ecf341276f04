/**
 * Quantises one model as a worker does, in a process of its own, and prints how long each phase took and how much memory
 * the process had at its end: `node quantize-child.ts KIND MODEL OUT CALIBRATION`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { foldBatchNorms } from '../../src/core/onnx/batch-norm.ts';
import { decode, encode, type Model } from '../../src/core/onnx/model.ts';
import { prepare } from '../../src/core/onnx/prepare.ts';
import { quantizeDynamic } from '../../src/core/onnx/quantize-dynamic.ts';
import { quantizeStatic } from '../../src/core/onnx/quantize-static.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { dataset } from '../../src/worker/dataset.ts';
import { observe } from '../../src/worker/derive.ts';

const [kind = '', modelPath = '', outPath = '', calibrationPath = ''] = process.argv.slice(2);
const phases: Record<string, { seconds: number; peakBytes: number }> = {};

function peakBytes(): number {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

async function phase<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  phases[name] = { seconds: (performance.now() - started) / 1000, peakBytes: peakBytes() };
  return result;
}

async function statically(model: Model): Promise<Model> {
  const { inputs } = await phase('inputs', async () => {
    const session = await engine.load(new Uint8Array(readFileSync(modelPath)), {
      threads: 1,
      graphOptimization: 'Basic',
    });
    await session.release();
    return session;
  });
  const calibration = dataset(new Uint8Array(readFileSync(calibrationPath)), inputs);
  const ranges = await phase('observe', () => observe({ engine }, model, calibration));
  return phase('quantize', () => quantizeStatic(model, ranges));
}

const started = performance.now();
phases.start = { seconds: 0, peakBytes: peakBytes() };
const model = await phase('read', () => decode(readFileSync(modelPath)));
const prepared = await phase('prepare', () => foldBatchNorms(prepare(model)));
const quantized = await (kind === 'static' ? statically(prepared) : phase('quantize', () => quantizeDynamic(prepared)));
await phase('write', () => writeFileSync(outPath, encode(quantized)));
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, peakBytes: peakBytes(), phases }));
