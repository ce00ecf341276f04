import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RewriteCase, rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, families, floatInput, numbers } from '../../../../../test/contract/rewrite-models.ts';
import type { Tensor } from '../../../../engines/engine.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { batch } from '../../../../worker/dataset.ts';
import { modelCost } from '../../cost/cost.ts';
import { decode, encode, type Model } from '../../model.ts';
import { importDomain } from '../../operator-sets.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { cleanUp } from '../clean-up/clean-up.ts';
import { everywhere, precision } from '../precision/precision.ts';
import { fusion } from './fusion.ts';

const cleaned = (each: RewriteCase) => ({ ...each, name: `${each.name}, cleaned up`, model: cleanUp(each.model) });
rewriteContract(fusion, [...families(), ...families().map(cleaned)]);

const operators = ({ graph }: Model) => graph.node.map(({ opType }) => opType);
const count = (model: Model, operator: string) => operators(model).filter((each) => each === operator).length;
const fused = (model: Model) => {
  const sites = fusion.sites(model, inferShapes(model));
  return fusion.rewrite(model, Object.fromEntries(sites.map(({ id }) => [id, 1])), undefined as never);
};

type Feeds = Record<string, Tensor>;
async function outputsOf(model: Model, feeds: Feeds) {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** That both models compute the same for all feeds, shapes included. */
async function same(model: Model, other: Model, all: readonly Feeds[]): Promise<void> {
  for (const feeds of all) {
    const [expected, found] = [await outputsOf(model, feeds), await outputsOf(other, feeds)];
    for (const [name, { shape, data }] of Object.entries(expected)) {
      assert.deepEqual(found[name]?.shape, shape);
      const right = Array.from<number | bigint, number>(data, Number);
      const largest = right.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      for (const [i, value] of right.entries()) {
        const away = Math.abs(Number(found[name]?.data[i]) - value);
        assert.ok(away <= 1e-4 * largest, `${name}[${i}]: ${found[name]?.data[i]} instead of ${value}`);
      }
    }
  }
}

const random = numbers(31);
const floats = (...shape: number[]): Tensor => ({
  ...{ type: 'FP32' as const, shape },
  data: random(shape.reduce((product, size) => product * size, 1)),
});
const kept = (...sizes: number[][]): Tensor => ({
  ...{ type: 'BOOL' as const, shape: [sizes.length, sizes[0]?.length ?? 0] },
  data: Uint8Array.from(sizes.flat()),
});

const [size, heads] = [32, 4];
const each = size / heads;
interface Written {
  b: Builder;
  scores: (q: string, k: string) => string;
  mask?: (scores: string) => string;
}

/** One attention, with scores and mask written as a test wants them. */
function attention({ b, scores, mask = (name) => name }: Written): string {
  const split = (x: string, perm: number[]) =>
    b.op('Transpose', [b.op('Reshape', [x, b.sizes(0, 0, heads, each)])], { perm });
  const [q, k, v] = [b.dense('x', size, size), b.dense('x', size, size), b.dense('x', size, size)];
  const weights = b.op('Softmax', [mask(scores(split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])))], { axis: -1 });
  const mixed = b.op('MatMul', [weights, split(v, [0, 2, 1, 3])]);
  return b.op('Reshape', [b.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), b.sizes(0, 0, size)]);
}

const plain = (b: Builder) => (q: string, k: string) =>
  b.op('Div', [b.op('MatMul', [q, k]), b.scalar(Math.sqrt(each))]);

test('attention of every way of scaling is found, and its scale kept', async () => {
  const ways: ((b: Builder) => Written['scores'])[] = [
    (b) => (q, k) => b.op('MatMul', [q, k]),
    plain,
    (b) => (q, k) => b.op('Mul', [b.scalar(0.3), b.op('MatMul', [q, k])]),
    (b) => (q, k) => b.op('MatMul', [b.op('Mul', [q, b.scalar(0.5)]), b.op('Mul', [k, b.scalar(0.7)])]),
    (b) => (q, k) => b.op('Div', [b.op('MatMul', [q, b.op('Div', [k, b.scalar(3)])]), b.scalar(-2)]),
  ];
  for (const way of ways) {
    const b = new Builder(4);
    const model = b.model({ x: ['N', 'S', size] }, [attention({ b, scores: way(b) })]);
    const other = fused(model);
    assert.equal(count(other, 'MultiHeadAttention'), 1);
    assert.equal(count(other, 'Softmax'), 0);
    assert.equal(count(other, 'MatMul'), 1, 'three projections in one product');
    await same(model, other, [{ x: floats(2, 5, size) }, { x: floats(1, 1, size) }]);
  }
});

test('masks that are added or chosen by, of fewer axes and of one row, are kept', async () => {
  type Way = [mask: (b: Builder) => (scores: string) => string, input: readonly (number | string)[], feed: Tensor];
  const seen = [kept([1, 1, 1, 0, 0], [1, 1, 1, 1, 1]), floats(2, 1, 1, 5), floats(5, 5)] as const;
  const added = (b: Builder) => (scores: string) => b.op('Add', [scores, 'mask']);
  const swapped = (b: Builder) => (scores: string) => b.op('Add', ['mask', scores]);
  const rows = (b: Builder) => b.op('Unsqueeze', ['mask', b.sizes(1, 2)]);
  const where = (b: Builder) => (scores: string) => b.op('Where', [rows(b), scores, b.scalar(-1e9)]);
  const hidden = (b: Builder) => (scores: string) =>
    b.op('Where', [b.op('Not', [rows(b)]), b.scalar(-Infinity), scores]);
  const ways: Way[] = [
    [added, ['N', 1, 1, 'S'], seen[1]],
    [swapped, ['N', 1, 1, 'S'], seen[1]],
    [added, ['S', 'S'], seen[2]],
    [added, ['N', heads, 'S', 'S'], floats(2, heads, 5, 5)],
    [where, ['N', 'S'], seen[0]],
    [hidden, ['N', 'S'], seen[0]],
  ];
  for (const [mask, shape, feed] of ways) {
    const b = new Builder(8);
    const model = b.model({ x: ['N', 'S', size], mask: shape }, [attention({ b, scores: plain(b), mask: mask(b) })]);
    const type = model.graph.input[1]?.type?.value;
    if (feed.type === 'BOOL' && type?.case === 'tensorType') type.value.elemType = 9;
    const other = fused(model);
    assert.equal(count(other, 'MultiHeadAttention'), 1);
    await same(model, other, [{ x: floats(2, 5, size), mask: feed }]);
  }
});

test('queries, keys and values of one product are taken apart, however the thirds are picked', async () => {
  const gathered = (b: Builder, x: string) =>
    [0, 1, 2].map((part) => b.op('Gather', [x, b.constant(BigInt64Array.of(BigInt(part)), [])], { axis: 0 }));
  const split = (b: Builder, x: string) => {
    const at = b.op('Split', [x, b.sizes(1, 1, 1)], { axis: 0 }, 3);
    return [at, `${at}.1`, `${at}.2`].map((each) => b.op('Squeeze', [each, b.sizes(0)]));
  };
  for (const thirds of [gathered, split]) {
    const b = new Builder(14);
    const all = b.op('Reshape', [b.dense('x', size, 3 * size), b.sizes(0, -1, 3, heads, each)]);
    const [q = '', k = '', v = ''] = thirds(b, b.op('Transpose', [all], { perm: [2, 0, 3, 1, 4] }));
    const scores = plain(b)(q, b.op('Transpose', [k], { perm: [0, 1, 3, 2] }));
    const mixed = b.op('MatMul', [b.op('Softmax', [scores], { axis: -1 }), v]);
    const y = b.op('Reshape', [b.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), b.sizes(0, -1, size)]);
    const model = b.model({ x: ['N', 'S', size] }, [y]);
    const other = fused(model);
    assert.deepEqual(operators(other), ['MatMul', 'Add', 'Split', 'MultiHeadAttention']);
    await same(model, other, [{ x: floats(2, 5, size) }]);
  }
});

/** A step of a decoder: keys and values of the past before those of now; a causal mask. */
function decoder(): Model {
  const b = new Builder(12);
  const turned = (x: string) =>
    b.op('Transpose', [b.op('Reshape', [x, b.sizes(0, 0, heads, each)])], { perm: [0, 2, 1, 3] });
  const [q, k, v] = [b.dense('x', size, size), b.dense('x', size, size), b.dense('x', size, size)];
  const keys = b.op('Concat', ['past.key', turned(k)], { axis: 2 });
  const values = b.op('Concat', ['past.value', turned(v)], { axis: 2 });
  const scores = b.op('MatMul', [turned(q), b.op('Transpose', [keys], { perm: [0, 1, 3, 2] })]);
  const masked = b.op('Add', [b.op('Mul', [scores, b.scalar(each ** -0.5)]), 'mask']);
  const mixed = b.op('MatMul', [b.op('Softmax', [masked], { axis: 3 }), values]);
  const y = b.op('Reshape', [b.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), b.sizes(0, -1, size)]);
  const past = ['N', heads, 'P', each];
  return b.model({ x: ['N', 'S', size], 'past.key': past, 'past.value': past, mask: ['S', '(P + S)'] }, [
    ...[y, keys, values],
  ]);
}

test('a decoder keeps what it hands on as present keys and values, with a past and without', async () => {
  const model = decoder();
  const other = fused(model);
  assert.deepEqual([count(other, 'MultiHeadAttention'), count(other, 'Concat')], [1, 0]);
  const feeds = (n: number, s: number, p: number): Feeds => ({
    ...{ x: floats(n, s, size), mask: floats(s, s + p) },
    ...{ 'past.key': floats(n, heads, p, each), 'past.value': floats(n, heads, p, each) },
  });
  await same(model, other, [feeds(1, 1, 7), feeds(2, 3, 4), feeds(1, 5, 0)]);
  const dims = { N: 2, S: 3, P: 5 };
  assert.equal(modelCost(other, { dims }).macs, modelCost(model, { dims }).macs);
  const { values, unanalysed } = inferShapes(other);
  assert.deepEqual(unanalysed, []);
  assert.deepEqual(values.get(other.graph.output[1]?.name ?? '')?.shape, ['N', heads, '(P + S)', each]);
});

test('what is not attention, or is seen from outside, stays as it is', () => {
  const masks: [string, (b: Builder) => (scores: string) => string][] = [
    ['a mask that is scaled', (b) => (x) => b.op('Mul', [b.op('Add', [x, 'm']), b.scalar(2)])],
    ['a number in place of scores that still weighs', (b) => (x) => b.op('Where', ['w', x, b.scalar(-10)])],
    ['something else before the Softmax', (b) => (x) => b.op('Tanh', [x])],
    ['a mask of more batches', (b) => (x) => b.op('Add', [x, 'batches'])],
    ['a mask with keys of its own size', (b) => (x) => b.op('Add', [x, 'other'])],
  ];
  const inputs = { x: ['N', 'S', size], m: ['S', 'S'], w: ['S', 'S'], other: ['S', 'T'], batches: ['M', 1, 'S', 'S'] };
  for (const [what, mask] of masks) {
    const b = new Builder(3);
    const y = attention({ b, scores: plain(b), mask: mask(b) });
    assert.equal(count(fused(b.model(inputs, [y])), 'MultiHeadAttention'), 0, what);
  }
  for (const outside of ['Div', 'Softmax', 'Transpose']) {
    const b = new Builder(3);
    const y = attention({ b, scores: plain(b) });
    const seen = b.nodes.find(({ opType }) => opType === outside)?.output[0] ?? '';
    assert.equal(count(fused(b.model(inputs, [y, seen])), 'MultiHeadAttention'), 0, `${outside} is an output`);
  }
});

test('a merged product is quantised as one layer', async () => {
  const b = new Builder(6);
  const model = b.model({ x: ['N', 'S', size] }, [attention({ b, scores: plain(b) })]);
  const other = fused(model);
  const [site, ...more] = precision().sites(other, inferShapes(other));
  assert.deepEqual(more, []);
  assert.equal(site?.id, precision().sites(model, inferShapes(model))[0]?.id);
  const quantised = precision().rewrite(other, everywhere(site ? [site] : [], 'INT8Dynamic'), undefined as never);
  assert.deepEqual([count(quantised, 'DynamicQuantizeLinear'), count(quantised, 'MatMulIntegerToFloat')], [1, 1]);
});

test('products of several widths, with a bias and without, are merged into one', async () => {
  const b = new Builder(7);
  const wide = b.dense('x', 8, 24);
  const bare = b.op('MatMul', ['x', b.weights([8, 4], 8)]);
  const model = b.model({ x: ['N', 'S', 8] }, [wide, bare], 13);
  const other = fused(model);
  assert.deepEqual(operators(other), ['MatMul', 'Add', 'Split']);
  await same(model, other, [batch(floatInput('x', [3, 8]), 0, 4)]);
});

test('the engine makes no SkipLayerNormalization where sums are kept apart, nor where one was in the model', async () => {
  const b = new Builder(9);
  const inner = b.layerNorm(b.op('Add', [b.dense('x', size, size), 'x']), size);
  const [scale, shift, bias] = [1, 2, 3].map(() => b.constant(b.random(size), [size]));
  const skip = b.op('SkipLayerNormalization', [inner, 'x', scale ?? '', shift ?? '', bias ?? ''], {}, 4);
  const node = b.nodes.at(-1);
  if (node) node.domain = 'com.microsoft';
  if (node) node.output = [skip, '', '', 'sum'];
  const model = b.model({ x: ['N', 'S', size] }, [b.op('Relu', [skip]), 'sum']);
  importDomain(model, 'com.microsoft');
  const skips = async (which: Model) => {
    const optimised = await engine.optimise(encode(which), { threads: 1, graphOptimization: 'All' });
    return count(decode(optimised), 'SkipLayerNormalization');
  };
  assert.equal(await skips(model), 2);
  const other = fused(model);
  assert.equal(await skips(other), 0);
  await same(model, other, [{ x: floats(2, 3, size) }]);
});
