import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { modelWith } from '../core/onnx/fixtures.ts';
import { makeNode } from '../core/onnx/graph.ts';
import { engine } from '../engines/onnxruntime/onnxruntime.ts';
import { observe } from './observe.ts';

const rows = fc.integer({ min: 1, max: 40 });
const value = fc.integer({ min: -50, max: 50 });
const relu = (opset: number, shape: (number | string)[]) =>
  modelWith({ opset, inputs: { x: shape }, nodes: [makeNode('Relu', 'relu', ['x'], ['y'])], outputs: ['y'] });
const calibration = (data: Float32Array, shape: number[]) => ({
  rows: shape[0] ?? 0,
  inputs: { x: { type: 'FP32' as const, shape, data } },
});

test('ranges and moments are those of all rows, whatever the batches and the operator set', async () => {
  for (const opset of [12, 17, 21]) {
    await fc.assert(
      fc.asyncProperty(
        rows.chain((count) => fc.array(value, { minLength: count * 6, maxLength: count * 6 })),
        async (values) => {
          const count = values.length / 6;
          const data = calibration(Float32Array.from(values), [count, 3, 2]);
          const model = relu(opset, ['N', 3, 2]);
          const observed = await observe(
            engine,
            model,
            [
              { kind: 'range', tensor: 'y' },
              { kind: 'moments', tensor: 'y', axis: 1 },
              { kind: 'spread', tensor: 'y', axis: 1 },
              { kind: 'bounds', tensor: 'y', axis: 1 },
            ],
            data,
          );
          const positive = values.map((each) => Math.max(0, each));
          assert.deepEqual(observed.range('y'), { min: Math.min(...positive), max: Math.max(...positive) });
          const moments = observed.moments('y', 1);
          assert.equal(moments.count, count * 2);
          const channel = (c: number) => positive.filter((_, i) => Math.floor(i / 2) % 3 === c);
          for (const [a, b] of [
            [0, 0],
            [0, 2],
            [1, 2],
          ] as const) {
            const product = channel(a).reduce((sum, each, i) => sum + each * (channel(b)[i] ?? 0), 0);
            assert.ok(Math.abs(moments.second.get(a, b) - product / (count * 2)) < 1e-3);
          }
          const bounds = observed.bounds('y', 1);
          assert.deepEqual(
            Array.from({ length: 3 }, (_, c) => [bounds.min[c], bounds.max[c]]),
            Array.from({ length: 3 }, (_, c) => [Math.min(...channel(c)), Math.max(...channel(c))]),
          );
          const spread = observed.spread('y', 1);
          assert.ok(Math.abs((spread.mean[2] ?? 0) - (moments.mean[2] ?? 0)) < 1e-4);
          assert.ok(
            Math.abs((spread.variance[2] ?? 0) - moments.second.get(2, 2) + (moments.mean[2] ?? 0) ** 2) < 2e-3,
          );
          assert.ok(Math.abs((moments.mean[1] ?? 0) - channel(1).reduce((a, b) => a + b, 0) / (count * 2)) < 1e-4);
        },
      ),
      { numRuns: 20 },
    );
  }
});

test('a model that takes one row at a time is fed one row at a time', async () => {
  const data = calibration(Float32Array.of(1, 2, 3, 4), [4, 1]);
  const observed = await observe(engine, relu(21, [1, 1]), [{ kind: 'range', tensor: 'y' }], data);
  assert.deepEqual(observed.range('y'), { min: 1, max: 4 });
});

test('what is not there, or has no size, is a sentence', async () => {
  const data = calibration(Float32Array.of(1, 2), [1, 2]);
  const model = relu(21, ['N', 'C']);
  await assert.rejects(observe(engine, model, [{ kind: 'range', tensor: 'z' }], data), /no value "z"/);
  await assert.rejects(observe(engine, model, [{ kind: 'moments', tensor: 'y', axis: 1 }], data), /axis 1 of "y"/);
});

test('values that are not finite are a sentence', async () => {
  const data = calibration(Float32Array.of(Number.POSITIVE_INFINITY), [1, 1]);
  await assert.rejects(observe(engine, relu(21, ['N', 1]), [{ kind: 'range', tensor: 'y' }], data), /not finite/);
});
