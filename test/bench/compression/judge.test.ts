import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelWith } from '../../../src/core/onnx/fixtures.ts';
import { makeNode } from '../../../src/core/onnx/graph.ts';
import { encode } from '../../../src/core/onnx/model.ts';
import { tensor } from '../../../src/core/onnx/tensors.ts';
import { engine } from '../../../src/engines/onnxruntime/onnxruntime.ts';
import { randomInputs } from './inputs.ts';
import { isClassifier, judgeBy, judgedOutput, type Metric } from './judge.ts';

test('a model is judged against the base, or by what is right, as a search judges it', async () => {
  const scaled = (...by: number[]) =>
    encode(
      modelWith({
        inputs: { x: ['N', 2] },
        initializers: [tensor('by', Float32Array.from(by), [2])],
        nodes: [makeNode('Mul', 'scale', ['x', 'by'], ['y'])],
        outputs: ['y'],
      }),
    );
  const x = { type: 'FP32' as const, shape: [2, 2], data: Float32Array.of(3, 1, 1, 3) };
  const data = { rows: 2, inputs: { x }, labels: [0, 0], targets: Float32Array.of(3, 1, 1, 4) };
  const of = (metric: Metric, model: Uint8Array) =>
    judgeBy(engine, { metric, output: 'y', data, base: scaled(1, 1) })(model);
  assert.deepEqual(
    [await of('Agreement', scaled(1, 0.1)), await of('Top1', scaled(1, 0.1)), await of('MSE', scaled(1, 1))],
    [0.5, 1, 0.25],
  );
  assert.ok((await of('Cosine', scaled(2, 2))) > 0.9999 && (await of('Cosine', scaled(1, 0))) < 0.9);
});

test('integers of random inputs are rows of the table that they look up in, masks hide nothing', () => {
  const model = modelWith({
    inputs: {},
    initializers: [tensor('table', new Float32Array(14), [7, 2])],
    nodes: [
      makeNode('Gather', 'lookup', ['table', 'ids'], ['found']),
      makeNode('Softmax', 'end', ['found'], ['scores']),
    ],
    outputs: ['scores'],
  });
  const inputs = ['ids', 'attention_mask'].map((name) => ({ name, type: 'INT64' as const, shape: [-1, -1] }));
  const { ids, attention_mask: mask } = randomInputs(model, inputs, 20, 1);
  assert.deepEqual(ids?.shape, [20, 32]);
  const seen = new Set(Array.from(ids?.data ?? [], Number));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
  assert.ok(Array.from(mask?.data ?? [], Number).every((value) => value === 1));
  assert.ok(isClassifier(model, 'scores') && !isClassifier(model, 'found'));
});

test('a pooled output is judged rather than one of whole sequences or of integers', () => {
  const output = (name: string, type: 'FP32' | 'INT64', shape: number[]) => ({ name, type, shape });
  const outputs = [
    output('ids', 'INT64', [-1, 4]),
    output('hidden', 'FP32', [-1, -1, 8]),
    output('pooled', 'FP32', [-1, 8]),
  ];
  assert.equal(judgedOutput({ outputs }), 'pooled');
  assert.equal(judgedOutput({ outputs: outputs.slice(0, 2) }), 'hidden');
});
