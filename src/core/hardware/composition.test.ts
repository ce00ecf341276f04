import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Abilities } from '../../api/hardware-profile.ts';
import { modelWith } from '../onnx/fixtures.ts';
import { makeNode } from '../onnx/graph.ts';
import { tensor } from '../onnx/tensors.ts';
import { partTimes } from './composition.ts';
import { workOf } from './work.ts';

const weights = (name: string, ...shape: number[]) =>
  tensor(name, new Float32Array(shape.reduce((all, size) => all * size, 1)), shape);
/** A convolution, a rectifier, a depthwise convolution and a softmax over what it pools. */
const model = modelWith({
  inputs: { x: [1, 8, 16, 16] },
  initializers: [weights('w', 8, 8, 3, 3), weights('d', 8, 1, 3, 3)],
  nodes: [
    makeNode('Conv', 'dense', ['x', 'w'], ['a'], { pads: [1n, 1n, 1n, 1n] }),
    makeNode('Relu', 'relu', ['a'], ['b']),
    makeNode('Conv', 'depthwise', ['b', 'd'], ['c'], { pads: [1n, 1n, 1n, 1n], group: 8 }),
    makeNode('GlobalAveragePool', 'pool', ['c'], ['e']),
    makeNode('Softmax', 'softmax', ['e'], ['y']),
  ],
  outputs: ['y'],
});

const abilities: Abilities = {
  bandwidthGBps: { memory: 10, l2: 100 },
  peakGops: { fp32: 100, int8: 400 },
  table: `sha256:${'0'.repeat(64)}`,
  kernels: [
    { kind: 'Conv', precision: 'FP32', ratio: 1, gops: 50 },
    { kind: 'DepthwiseConv', precision: 'FP32', ratio: 1, gops: 5 },
  ],
};

test('a run is told by kinds of operators, which add up to the whole', () => {
  const work = workOf(model, {}, {});
  assert.deepEqual(
    work.parts.map(({ kind, precision, count }) => [kind, precision, count]),
    [
      ['Conv', 'FP32', 1],
      ['DepthwiseConv', 'FP32', 1],
      ['Activation', undefined, 1],
      ['Pool', undefined, 1],
      ['Softmax', undefined, 1],
    ],
  );
  const sum = (of: 'macs' | 'bytes') => work.parts.reduce((all, part) => all + part[of], 0);
  assert.deepEqual([sum('macs'), sum('bytes')], [work.macs, work.bytesMoved]);
});

test('layers take what their kind takes there, passes what their bytes do, and the slower of both counts', () => {
  const { parts } = workOf(model, {}, {});
  const times = new Map(partTimes({ parts }, abilities).map(({ part, ms }) => [part.kind, ms]));
  const conv = 16 * 16 * 8 * 8 * 9;
  assert.ok(Math.abs((times.get('Conv') ?? 0) - (2 * conv) / 50e6) < 1e-9);
  assert.ok(Math.abs((times.get('DepthwiseConv') ?? 0) - (2 * 16 * 16 * 8 * 9) / 5e6) < 1e-9);
  assert.ok(Math.abs((times.get('Activation') ?? 0) - (2 * 4 * 8 * 16 * 16) / 100e6) < 1e-9);
  const slow = { ...abilities, bandwidthGBps: { memory: 0.001 } };
  const composedMs = (work: { parts: typeof parts }, table: Abilities) =>
    partTimes(work, table).reduce((sum, { ms }) => sum + ms, 0);
  assert.ok(composedMs({ parts }, slow) > 10 * composedMs({ parts }, abilities));
});
