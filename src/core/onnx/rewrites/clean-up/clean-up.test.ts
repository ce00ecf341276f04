import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { Builder, families, floatInput } from '../../../../../test/contract/rewrite-models.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { batch, type Dataset } from '../../../../worker/dataset.ts';
import { batchNorms } from '../../batch-norm.ts';
import { modelWith, valueInfo } from '../../fixtures.ts';
import { makeNode } from '../../graph.ts';
import { encode, type Model } from '../../model.ts';
import { prepare } from '../../prepare.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
} from '../../proto/gen/onnx_pb.js';
import { DataType, tensor } from '../../tensors.ts';
import { cleanUp, tidy } from './clean-up.ts';

async function outputs(model: Model, data: Dataset) {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'Basic' });
  try {
    return await session.run(batch(data, 0, 4));
  } finally {
    await session.release();
  }
}

async function assertSame(model: Model, data: Dataset): Promise<Model> {
  const before = encode(model);
  const clean = cleanUp(model);
  assert.deepEqual(encode(model), before, 'the model given was changed');
  assert.deepEqual(encode(cleanUp(clean)), encode(clean), 'cleaning up again changes something');
  const [expected, found] = [await outputs(model, data), await outputs(clean, data)];
  assert.deepEqual(Object.keys(found), Object.keys(expected));
  for (const [name, { shape, data: values }] of Object.entries(expected)) {
    assert.deepEqual(found[name]?.shape, shape);
    const largest = Math.max(1e-6, ...Array.from<number | bigint, number>(values, (value) => Math.abs(Number(value))));
    Array.from<number | bigint, number>(values, Number).forEach((value, i) => {
      const difference = Math.abs(value - Number(found[name]?.data[i]));
      assert.ok(difference <= 2e-5 * largest, `${name}[${i}] moved by ${difference}`);
    });
  }
  return clean;
}

const operators = (model: Model) => model.graph.node.map(({ opType }) => opType);

/** A step that a random model is made of; takes and makes [N, 4, H, W] of the same size. */
const steps: Record<string, (b: Builder, x: string) => string> = {
  conv: (b, x) => b.conv(x, 4, 4, 3),
  pointwise: (b, x) => b.conv(x, 4, 4, 1, { bias: false }),
  depthwise: (b, x) => b.conv(x, 4, 4, 3, { group: 4, bias: false }),
  batchNorm: (b, x) => b.batchNorm(x, 4),
  relu: (b, x) => b.op('Relu', [x]),
  identity: (b, x) => b.op('Identity', [x]),
  dropout: (b, x) => b.op('Dropout', [x], {}, 2),
  bias: (b, x) => b.op('Add', [b.constant(b.random(4), [1, 4, 1, 1]), x]),
  scale: (b, x) => b.op('Mul', [x, b.scalar(0.7)]),
  perColumn: (b, x) => b.op('Mul', [x, b.constant(b.random(5), [5])]),
  shift: (b, x) => b.op('Sub', [x, b.constant(b.random(4), [4, 1, 1])]),
  reversed: (b, x) => b.op('Sub', [b.scalar(1), x]),
  nothing: (b, x) => b.op('Add', [x, b.scalar(0)]),
  residual: (b, x) => b.op('Add', [x, b.conv(x, 4, 4, 1)]),
  twice: (b, x) => b.op('Add', [b.op('Tanh', [x]), b.op('Tanh', [x])]),
  constants: (b, x) => b.op('Mul', [x, b.op('Div', [b.scalar(3), b.op('Add', [b.scalar(1), b.scalar(1)])])]),
  turned: (b, x) => b.op('Transpose', [b.op('Transpose', [x], { perm: [0, 2, 1, 3] })], { perm: [0, 2, 1, 3] }),
  shaped: (b, x) => {
    const sizes = b.op('Shape', [x]);
    const part = (at: number) =>
      b.op('Unsqueeze', [b.op('Gather', [sizes, b.constant(BigInt64Array.of(BigInt(at)), [])]), b.sizes(0)]);
    const flat = b.op('Reshape', [x, b.op('Concat', [part(0), part(1), b.sizes(-1)], { axis: 0 })]);
    return b.op('Reshape', [flat, sizes]);
  },
};

test('any model computes what it computed, has its signature, and is clean then', async () => {
  const chain = fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 1, maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(chain, fc.boolean(), async (names, taps) => {
      const b = new Builder(11);
      let x = 'x';
      const seen: string[] = [];
      for (const name of names) {
        x = steps[name]?.(b, x) ?? x;
        seen.push(x);
      }
      // A value inside that is an output as well must keep its name.
      const outs = taps && seen.length > 2 ? [seen[1] ?? x, x] : [x];
      await assertSame(b.model({ x: ['N', 4, 5, 5] }, [...new Set(outs)]), floatInput('x', [4, 5, 5]));
    }),
    {
      numRuns: 80,
      seed: 4,
      examples: [
        [['shaped'], false],
        [['identity', 'identity', 'identity'], true],
      ],
    },
  );
});

test('each family computes what it computed', async () => {
  for (const { model, calibration } of families()) await assertSame(model, calibration);
});

test('a BatchNorm goes into the Conv before it, into an unpadded one after it, and stays elsewhere', async () => {
  const left = async (build: (b: Builder) => string) => {
    const b = new Builder(2);
    return batchNorms(await assertSame(b.model({ x: ['N', 4, 5, 5] }, [build(b)]), floatInput('x', [4, 5, 5]))).length;
  };
  assert.equal(await left((b) => b.batchNorm(b.conv('x', 4, 4), 4)), 0);
  assert.equal(await left((b) => b.conv(b.batchNorm('x', 4), 4, 4, 3, { pad: 0 })), 0);
  assert.equal(await left((b) => b.conv(b.batchNorm('x', 4), 4, 4, 3)), 1);
  assert.equal(await left((b) => b.batchNorm(b.op('Relu', ['x']), 4)), 1);
});

test('two nodes that share weights each keep what they computed', async () => {
  const b = new Builder(2);
  const weights = b.weights([4, 4, 1, 1], 4);
  const first = b.op('Conv', ['x', weights]);
  const normed = b.batchNorm(first, 4);
  await assertSame(b.model({ x: ['N', 4, 5, 5] }, [b.op('Conv', [normed, weights])]), floatInput('x', [4, 5, 5]));
});

test('a chain of sizes becomes one constant target, and equal weights become one', async () => {
  const b = new Builder(2);
  const x = steps.shaped?.(b, 'x') ?? '';
  const same = new Float32Array(16).fill(0.5);
  const sum = b.op('Add', [
    b.op('MatMul', ['y', b.constant(same, [4, 4])]),
    b.op('MatMul', ['z', b.constant(same, [4, 4])]),
  ]);
  const clean = tidy(b.model({ x: ['N', 4, 5, 5], y: ['N', 4], z: ['N', 4] }, [x, sum]));
  assert.deepEqual(operators(clean), ['Reshape', 'Reshape', 'MatMul', 'MatMul', 'Add']);
  assert.equal(clean.graph.initializer.filter(({ dataType }) => dataType === DataType.FLOAT).length, 1);
});

test('what draws numbers, trains, or is a subgraph stays as it is', () => {
  const nodes = [
    makeNode('RandomNormalLike', 'a', ['x'], ['a']),
    makeNode('RandomNormalLike', 'b', ['x'], ['b']),
    makeNode('Add', 'sum', ['a', 'b'], ['y']),
  ];
  const model = prepare(modelWith({ inputs: { x: ['N', 4] }, nodes, outputs: ['y'] }));
  assert.deepEqual(operators(cleanUp(model)), ['RandomNormalLike', 'RandomNormalLike', 'Add']);
});

test('numbers that overflow their type are left to the engine', async () => {
  const big = tensor('big', Int32Array.of(2 ** 31 - 1), [1]);
  const two = tensor('two', Int32Array.of(2), [1]);
  const nodes = [
    makeNode('Mul', 'mul', ['big', 'two'], ['product']),
    makeNode('Div', 'div', ['product', 'two'], ['half']),
    makeNode('Cast', 'cast', ['half'], ['f'], { to: DataType.FLOAT }),
    makeNode('Add', 'add', ['x', 'f'], ['y']),
  ];
  const model = prepare(
    modelWith({ inputs: { x: ['N', 1] }, initializers: [big, two], nodes, outputs: ['y'], opset: 17 }),
  );
  await assertSame(model, floatInput('x', [1]));
});

test('a default that is an input as well becomes a constant, and its input goes', async () => {
  const b = new Builder(2);
  const model = b.model({ x: ['N', 4, 5, 5] }, [b.batchNorm(b.conv('x', 4, 4), 4)]);
  model.irVersion = 3n;
  model.graph.input.push(...model.graph.initializer.map(({ name, dims }) => valueInfo(name, dims.map(Number))));
  const clean = cleanUp(model);
  assert.deepEqual(operators(clean), ['Conv']);
  assert.deepEqual(
    clean.graph.input.map(({ name }) => name),
    ['x'],
  );
  await outputs(clean, floatInput('x', [4, 5, 5]));
});

test('what a condition of control flow is computed from stays computed, and large weights are not doubled', () => {
  const b = new Builder(2);
  const four = b.op('Size', ['x']);
  const condition = b.op('Equal', [four, b.constant(BigInt64Array.of(4n), [])]);
  const branch = (operator: string) =>
    create(GraphProtoSchema, {
      name: operator,
      node: [makeNode(operator, '', ['x'], [operator])],
      output: [valueInfo(operator)],
    });
  const node = makeNode('If', 'if', [condition], ['y']);
  node.attribute = [
    create(AttributeProtoSchema, { name: 'then_branch', type: AttributeType.GRAPH, g: branch('Neg') }),
    create(AttributeProtoSchema, { name: 'else_branch', type: AttributeType.GRAPH, g: branch('Abs') }),
  ];
  b.nodes.push(node);
  const table = b.weights([400, 50], 50);
  const rows = b.op('Gather', [table, b.constant(BigInt64Array.of(1n), [1])]);
  const scores = b.op('MatMul', [rows, b.op('Transpose', [table], { perm: [1, 0] })]);
  const clean = cleanUp(b.model({ x: [4] }, ['y', scores]));
  assert.deepEqual(operators(clean).toSorted(), ['Equal', 'Gather', 'If', 'MatMul', 'Size', 'Transpose']);
});
