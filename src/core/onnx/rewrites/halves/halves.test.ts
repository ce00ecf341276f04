import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { Candidate } from '../../../../api/candidate.ts';
import type { Tensor } from '../../../../engines/engine.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { inPrecision } from '../../../../worker/derive/precision.ts';
import { modelWith } from '../../fixtures.ts';
import { attribute, makeNode } from '../../graph.ts';
import { decode, encode, type Model } from '../../model.ts';
import { prepare } from '../../prepare.ts';
import { DataType, tensor } from '../../tensors.ts';
import { hasHalves, inHalves } from './halves.ts';

const options: Candidate['engine'] = { threads: 1, graphOptimization: 'All' };
const wave = (length: number, scale = 1) => Float32Array.from({ length }, (_, i) => scale * Math.sin(1 + 3 * i));
const outputs = async (model: Model, feeds: Record<string, Tensor>) => {
  const session = await engine.load(encode(model), options);
  const result = await session.run(feeds);
  await session.release();
  return Object.values(result).map(({ type, data }) => ({ type, values: Array.from(data, Number) }));
};
const casts = ({ graph }: Model, to: number) =>
  graph.node.filter((node) => node.opType === 'Cast' && Number(attribute(node, 'to')?.i) === to).length;

const network = modelWith({
  inputs: { x: [1, 2, 6, 6] },
  initializers: [
    tensor('w', wave(3 * 2 * 9, 0.3), [3, 2, 3, 3]),
    tensor('b', wave(3), [3]),
    tensor('huge', Float32Array.of(1e9)),
    tensor('shape', BigInt64Array.of(1n, 48n), [2]),
    tensor('v', wave(48 * 4, 0.1), [48, 4]),
  ],
  nodes: [
    makeNode('Exp', 'exp', ['x'], ['e']),
    makeNode('Conv', 'conv', ['e', 'w', 'b'], ['c']),
    makeNode('Min', 'min', ['c', 'huge'], ['m']),
    makeNode('Reshape', 'flat', ['m', 'shape'], ['f']),
    makeNode('MatMul', 'product', ['f', 'v'], ['p']),
    makeNode('Exp', 'last', ['p'], ['y']),
    makeNode('Relu', 'also', ['p'], ['z']),
  ],
  ...{ outputs: ['y', 'z'], opset: 17 },
});

test('layers with weights of 16 bits and what lies between them are computed in 16 bits, the rest and the outputs in FLOAT', async () => {
  const stored = await inPrecision({ engine }, prepare(network), 'FP16');
  assert.deepEqual([hasHalves(network), hasHalves(stored)], [false, true]);
  const half = inHalves(stored);
  // One cast into halves in front of the first layer; out of them for Exp and for the second output.
  assert.deepEqual([casts(half, DataType.FLOAT16), casts(half, DataType.FLOAT)], [1, 2]);
  const layers = half.graph.node.filter(({ opType }) => opType === 'Conv' || opType === 'MatMul');
  const sixteen = new Set(
    half.graph.initializer.filter((one) => one.dataType === DataType.FLOAT16).map(({ name }) => name),
  );
  assert.ok(layers.length === 2 && layers.every(({ input }) => input.slice(1).every((name) => sixteen.has(name))));
  const x: Tensor = { type: 'FP32', shape: [1, 2, 6, 6], data: wave(72) };
  const [there, here] = [await outputs(stored, { x }), await outputs(half, { x })];
  for (const [i, { type, values }] of here.entries()) {
    assert.equal(type, 'FP32');
    assert.ok(values.every((value, j) => Math.abs(value - (there[i]?.values[j] ?? 0)) < 5e-3 * (1 + Math.abs(value))));
  }
  // Computed in other words than before: not the same to the last bit.
  assert.notDeepEqual(here, there);
});

test('a transformer keeps its answers, and almost all of it is computed in 16 bits', async () => {
  const model = prepare(decode(new Uint8Array(await readFile('examples/vit/model.onnx'))));
  const stored = await inPrecision({ engine }, model, 'FP16');
  const half = inHalves(stored);
  assert.ok(casts(half, DataType.FLOAT16) + casts(half, DataType.FLOAT) < 6);
  const [input] = model.graph.input;
  const shape = [4, 1, 28, 28];
  const size = shape.reduce((product, each) => product * each, 1);
  const data = Uint8Array.from({ length: size }, (_, i) => (i * i) % 255);
  const feeds: Record<string, Tensor> = { [input?.name ?? '']: { type: 'UINT8', shape, data } };
  const [[there], [here]] = [await outputs(stored, feeds), await outputs(half, feeds)];
  const largest = Math.max(...(there?.values ?? []).map(Math.abs));
  assert.ok(here?.values.every((value, i) => Math.abs(value - (there?.values[i] ?? 0)) < 0.02 * largest));
});

test('a model without such weights is as it was', () => {
  assert.deepEqual(encode(inHalves(network)), encode(network));
});
