/** Graphs that are legal and rarely seen: each choice of each layer must compute what the model computed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { observe } from '../../../../worker/observe.ts';
import { modelWith } from '../../fixtures.ts';
import { makeNode } from '../../graph.ts';
import { encode, type Model } from '../../model.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { tensor } from '../../tensors.ts';
import type { Selection } from '../rewrite.ts';
import { precision } from './precision.ts';
import { normals } from './test-models.ts';

const draw = normals(77);
const rows = 6;
const weight = (name: string, ...shape: number[]) => {
  const size = shape.reduce((product, each) => product * each, 1);
  return tensor(name, draw(size, 0.3), shape);
};
const scalar = (name: string, value: number) => tensor(name, Float32Array.of(value));

type Odd = [name: string, model: Model];
const conv = (name: string, input: string, output: string, more = {}) =>
  makeNode('Conv', name, [input, `${name}.w`], [output], more);

const odd: Odd[] = [
  [
    'convolutions over one axis, in groups, with padding by name',
    modelWith({
      inputs: { x: ['N', 4, 20] },
      initializers: [weight('a.w', 8, 2, 3), weight('b.w', 4, 8, 1)],
      nodes: [
        conv('a', 'x', 'h', { group: 2, auto_pad: 'SAME_UPPER' }),
        makeNode('Relu', 'r', ['h'], ['i']),
        conv('b', 'i', 'y'),
      ],
      ...{ outputs: ['y'], opset: 13 },
    }),
  ],
  [
    'convolutions over three axes',
    modelWith({
      inputs: { x: ['N', 2, 4, 4, 4] },
      initializers: [weight('a.w', 4, 2, 3, 3, 3), weight('b.w', 2, 4, 1, 1, 1)],
      nodes: [conv('a', 'x', 'h', { pads: [1n, 1n, 1n, 1n, 1n, 1n] }), conv('b', 'h', 'y')],
      ...{ outputs: ['y'], opset: 13 },
    }),
  ],
  [
    'clips that keep zero out, that are open, and a Relu whose input is an output too',
    modelWith({
      inputs: { x: ['N', 4, 6, 6] },
      initializers: [
        ...[weight('a.w', 4, 4, 3, 3), weight('b.w', 4, 4, 3, 3), weight('c.w', 4, 4, 3, 3), weight('d.w', 4, 4, 1, 1)],
        ...[scalar('half', 0.5), scalar('two', 2)],
      ],
      nodes: [
        conv('a', 'x', 'a'),
        makeNode('Clip', 'floor', ['a', 'half', 'two'], ['fa']),
        conv('b', 'fa', 'b'),
        makeNode('Clip', 'open', ['b', '', 'two'], ['fb']),
        conv('d', 'fb', 'd'),
        makeNode('Relu', 'r', ['d'], ['y']),
      ],
      ...{ outputs: ['y', 'd'], opset: 13 },
    }),
  ],
  [
    'a value added to itself, weights that two layers share, and an older operator set with pooling',
    modelWith({
      inputs: { x: ['N', 4, 8, 8] },
      initializers: [weight('w', 4, 4, 3, 3), tensor('bias', draw(4), [4])],
      nodes: [
        makeNode('Conv', 'a', ['x', 'w', 'bias'], ['h'], { pads: [1n, 1n, 1n, 1n] }),
        makeNode('Add', 'twice', ['h', 'h'], ['t']),
        makeNode('MaxPool', 'pool', ['t'], ['p'], { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
        makeNode('Conv', 'b', ['p', 'w'], ['y'], { pads: [1n, 1n, 1n, 1n] }),
      ],
      ...{ outputs: ['y'], opset: 11 },
    }),
  ],
  [
    'products in a row without biases, of three axes, whose weights two layers share',
    modelWith({
      inputs: { x: ['N', 5, 32] },
      initializers: [weight('w', 32, 32), tensor('b', draw(32), [1, 1, 32])],
      nodes: [
        makeNode('MatMul', 'm1', ['x', 'w'], ['h1']),
        makeNode('MatMul', 'm2', ['h1', 'w'], ['h2']),
        makeNode('Add', 'add', ['h2', 'b'], ['h3']),
        makeNode('Relu', 'r', ['h3'], ['h4']),
        makeNode('MatMul', 'm3', ['h4', 'w'], ['y']),
      ],
      ...{ outputs: ['y', 'h1'], opset: 13 },
    }),
  ],
  [
    'Gemm with a bias of one number, and one that is scaled',
    modelWith({
      inputs: { x: ['N', 40] },
      initializers: [weight('a', 24, 40), scalar('c', 1.5), weight('b', 24, 20), weight('d', 1, 20)],
      nodes: [
        makeNode('Gemm', 'g1', ['x', 'a', 'c'], ['h'], { transB: 1, beta: { float: -1 } }),
        makeNode('Gemm', 'g2', ['h', 'b', 'd'], ['y'], { alpha: { float: -2 } }),
      ],
      ...{ outputs: ['y'], opset: 13 },
    }),
  ],
  [
    'channels that are zero, and a bias far larger than what the weights make',
    modelWith({
      inputs: { x: ['N', 4, 5, 5] },
      initializers: [
        tensor(
          'a.w',
          Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? 0 : i < 12 ? 1e-9 * i : 0.1 * (i - 13))),
          [4, 4, 1, 1],
        ),
        tensor('bias', Float32Array.of(0, 3, 2, -1), [4]),
        weight('b.w', 2, 4, 1, 1),
      ],
      nodes: [makeNode('Conv', 'a', ['x', 'a.w', 'bias'], ['h']), conv('b', 'h', 'y')],
      ...{ outputs: ['y'], opset: 13 },
    }),
  ],
  [
    'HardSwish whose input is read elsewhere, and layers that read one tensor',
    modelWith({
      inputs: { x: ['N', 4, 6, 6] },
      initializers: [weight('a.w', 4, 4, 1, 1), weight('b.w', 4, 4, 1, 1), weight('c.w', 4, 4, 1, 1)],
      nodes: [
        conv('a', 'x', 'h'),
        makeNode('HardSwish', 's', ['h'], ['i']),
        conv('b', 'i', 'j'),
        conv('c', 'i', 'k'),
        makeNode('Add', 'sum', ['j', 'k'], ['l']),
        makeNode('Mul', 'gate', ['l', 'h'], ['m']),
        makeNode('Transpose', 't', ['m'], ['y'], { perm: [0n, 2n, 3n, 1n] }),
      ],
      ...{ outputs: ['y'], opset: 14 },
    }),
  ],
  [
    'nodes that do not stand in the order they run in',
    modelWith({
      inputs: { x: ['N', 4, 6, 6] },
      initializers: [weight('a.w', 4, 4, 1, 1), weight('b.w', 4, 4, 1, 1)],
      nodes: [conv('b', 'h', 'y'), conv('a', 'x', 'h')],
      ...{ outputs: ['y'], opset: 13 },
    }),
  ],
];

async function run(model: Model, x: Float32Array, shape: number[]): Promise<Record<string, number[]>> {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  const outputs = await session.run({ x: { type: 'FP32', shape, data: x } });
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, Number)]));
}

const rewrite = precision();
for (const [name, model] of odd) {
  test(name, async () => {
    const { values, order } = inferShapes(model);
    const shape = (values.get('x')?.shape ?? []).map((size) => (typeof size === 'number' ? size : rows));
    const x = draw(shape.reduce((product, size) => product * size, 1));
    const expected = await run({ ...model, graph: { ...model.graph, node: [...order] } }, x, shape);
    const sites = rewrite.sites(model, inferShapes(model));
    assert.ok(sites.length > 1);
    const alone = sites.flatMap(({ id, choices }) => choices.map((code): Selection => ({ [id]: code })));
    const together = [0, 1, 2, 3].map(
      (code): Selection =>
        Object.fromEntries(sites.filter(({ choices }) => choices.includes(code)).map(({ id }) => [id, code])),
    );
    const data = { rows, inputs: { x: { type: 'FP32' as const, shape, data: x } } };
    for (const selection of [...alone, ...together]) {
      const changed = rewrite.rewrite(
        model,
        selection,
        await observe(engine, model, rewrite.needs(model, selection), data),
      );
      const found = await run(changed, x, shape);
      const bits = Object.values(selection).includes(0) ? 4 : 8;
      for (const [output, wanted] of Object.entries(expected)) {
        const largest = Math.max(...wanted.map(Math.abs));
        const off = Math.max(...wanted.map((value, i) => Math.abs(value - (found[output]?.[i] ?? Number.NaN))));
        assert.ok(
          off <= (bits === 4 ? 0.4 : 0.06) * largest,
          `${JSON.stringify(selection)} ${output}: ${off} of ${largest}`,
        );
      }
    }
  });
}

test('weights that are not finite are a sentence', () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const w = tensor('w', Float32Array.of(1, wrong, 2, 3), [2, 2]);
    const nodes = [makeNode('MatMul', 'm', ['x', 'w'], ['y'])];
    const model = modelWith({ inputs: { x: ['N', 2] }, initializers: [w], nodes, outputs: ['y'] });
    assert.throws(
      () => rewrite.rewrite(model, { m: 1 }, undefined as never),
      /ModelError: weights that are not finite/,
    );
  }
});
