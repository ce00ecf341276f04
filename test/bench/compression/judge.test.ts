import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelWith } from '../../../src/core/onnx/fixtures.ts';
import { makeNode } from '../../../src/core/onnx/graph.ts';
import { tensor } from '../../../src/core/onnx/tensors.ts';
import { randomInputs } from './inputs.ts';
import { isClassifier, judgedOutput, quality } from './judge.ts';

const rows = (values: number[], width: number) => ({ values: Float32Array.from(values), width });

test('quality is agreement, the share of right labels, or the mean cosine', () => {
  const base = rows([1, 0, 0, 1], 2);
  const found = rows([2, 1, 3, 1], 2);
  assert.equal(quality('Agreement', found, base, undefined), 0.5);
  assert.equal(quality('Top1', found, base, [0, 0]), 1);
  assert.equal(quality('Cosine', rows([5, 0, 0, 2], 2), base, undefined), 1);
  assert.ok(Math.abs(quality('Cosine', rows([1, 1, 0, 1], 2), base, undefined) - (Math.SQRT1_2 + 1) / 2) < 1e-6);
  assert.throws(() => quality('Cosine', rows([1], 1), base, undefined), /another shape/);
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
