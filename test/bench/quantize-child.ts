/**
 * Quantises one model as a worker does, in a process of its own, and prints how long each phase took and how much memory
 * the process had at its end: `node quantize-child.ts KIND MODEL OUT CALIBRATION`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { decode, encode } from '../../src/core/onnx/model.ts';
import { prepare } from '../../src/core/onnx/prepare.ts';
import { cleanUp } from '../../src/core/onnx/rewrites/clean-up/clean-up.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { dataset } from '../../src/worker/dataset.ts';
import { inPrecision } from '../../src/worker/derive/precision.ts';
import { signatureOf } from '../../src/worker/derive/signature.ts';

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

/** Only a calibration runs anything. */
const idle: Engine = {
  version: 'none',
  load: () => Promise.reject(new Error('dynamic quantisation needs no engine')),
  optimise: () => Promise.reject(new Error('dynamic quantisation needs no engine')),
};

const started = performance.now();
phases.start = { seconds: 0, peakBytes: peakBytes() };
const model = await phase('read', () => decode(readFileSync(modelPath)));
const clean = await phase('prepare', () => cleanUp(prepare(model)));
const isStatic = kind === 'static';
const data = isStatic
  ? dataset(new Uint8Array(readFileSync(calibrationPath)), signatureOf(model)?.inputs ?? [])
  : undefined;
const engine = isStatic ? (await import('../../src/engines/onnxruntime/onnxruntime.ts')).engine : idle;
const precision = isStatic ? 'INT8Static' : 'INT8Dynamic';
const quantized = await phase('quantize', () => inPrecision({ engine }, clean, precision, data));
await phase('write', () => writeFileSync(outPath, encode(quantized)));
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds, peakBytes: peakBytes(), phases }));
