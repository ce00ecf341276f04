/** Random models, most of them odd: a rewrite must leave what it does not understand, and never make a wrong model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { changed, sitesOf } from '../../../../test/contract/changed.ts';
import { Builder, floatInput } from '../../../../test/contract/rewrite-models.ts';
import type { Tensor } from '../../../engines/engine.ts';
import { engine } from '../../../engines/onnxruntime/onnxruntime.ts';
import { batch, type Dataset } from '../../../worker/dataset.ts';
import { valueInfo } from '../fixtures.ts';
import { makeNode } from '../graph.ts';
import { encode, type Model } from '../model.ts';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
} from '../proto/gen/onnx_pb.js';
import { tensor } from '../tensors.ts';
import { fitted, rewrites } from './all.ts';
import { cleanUp } from './clean-up/clean-up.ts';
import { equalisation } from './equalisation/equalisation.ts';
import type { Rewrite } from './rewrite.ts';
import { sparsity } from './sparsity/sparsity.ts';

const channels = 20;

/** Reads `value` inside a subgraph only. */
function inSubgraph(b: Builder, x: string, value: string): string {
  const condition = b.op('Greater', [b.op('ReduceMax', [x], { keepdims: 0 }), b.scalar(1e9)]);
  const name = `If_${b.nodes.length}`;
  const branch = (operator: string) =>
    create(GraphProtoSchema, {
      name: `${name}.${operator}`,
      node: [makeNode(operator, `${name}.${operator}`, [value], [`${name}.${operator}`])],
      output: [valueInfo(`${name}.${operator}`)],
    });
  const node = makeNode('If', name, [condition], [name]);
  node.attribute = [['then_branch', branch('Neg')] as const, ['else_branch', branch('Identity')] as const].map(
    ([key, g]) => create(AttributeProtoSchema, { name: key, type: AttributeType.GRAPH, g }),
  );
  b.nodes.push(node);
  return name;
}

/** 1 for most channels, a hundred for some: what equalisation is for. */
const tens = (b: Builder) =>
  b.constant(
    Float32Array.from({ length: channels }, (_, c) => (c % 7 === 2 ? 100 : 1)),
    [1, channels, 1, 1],
  );

function unevenConv(b: Builder, x: string): string {
  const weights = b.random(channels * channels, 0.2);
  const data = weights.map((value, place) => value * (Math.floor(place / channels) % 7 === 2 ? 100 : 1));
  return b.op('Conv', [x, b.constant(data, [channels, channels, 1, 1])]);
}

const vector = (b: Builder) => b.constant(b.random(channels), [1, channels, 1, 1]);

/** Each takes and makes [N, channels, H, W]. */
const steps: Record<string, (b: Builder, x: string, shared: string) => string> = {
  conv: (b, x) => b.conv(x, channels, channels, 3),
  wide: (b, x) => b.conv(x, channels, channels, 5, { bias: false }),
  shared: (b, x, shared) => b.op('Conv', [x, shared]),
  depthwise: (b, x) => b.conv(x, channels, channels, 3, { group: channels }),
  grouped: (b, x) => b.conv(x, channels, channels, 3, { group: 4 }),
  computedWeights: (b, x) => b.op('Conv', [x, b.op('Abs', [b.weights([channels, channels, 1, 1], channels)])]),
  computedBias: (b, x, shared) => b.op('Conv', [x, shared, b.op('Tanh', [b.constant(b.random(channels), [channels])])]),
  same: (b, x) => b.op('Conv', [x, b.weights([channels, channels, 3, 3], 9 * channels)], { auto_pad: 'SAME_LOWER' }),
  pool: (b, x) => b.op('MaxPool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  average: (b, x) => b.op('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  norm: (b, x) => b.batchNorm(x, channels),
  swish: (b, x) => b.op('HardSwish', [x]),
  silu: (b, x) => b.op('Mul', [x, b.op('Sigmoid', [x])]),
  gelu: (b, x) => b.gelu(x),
  uneven: (b, x) => b.op('Mul', [b.op('Relu', [b.op('Mul', [b.conv(x, channels, channels, 1), tens(b)])]), x]),
  leaky: (b, x) => b.conv(b.op('LeakyRelu', [unevenConv(b, x)]), channels, channels, 3, { group: channels }),
  scaled: (b, x) => b.conv(b.op('Mul', [x, tens(b)]), channels, channels, 1),
  tanh: (b, x) => b.op('Tanh', [x]),
  bias: (b, x) => b.op('Add', [x, vector(b)]),
  gate: (b, x) => b.op('Mul', [x, b.op('Sigmoid', [b.op('GlobalAveragePool', [x])])]),
  residual: (b, x) => b.op('Add', [b.op('HardSwish', [b.conv(x, channels, channels, 1)]), x]),
  twoBranches: (b, x) => b.op('Add', [b.conv(x, channels, channels, 1), b.conv(x, channels, channels, 3)]),
  nothing: (b, x) => b.op('Identity', [b.op('Dropout', [x])]),
  subgraph: (b, x) => inSubgraph(b, x, x),
  seenInside: (b, x) => b.op('Add', [inSubgraph(b, x, b.conv(x, channels, channels, 1)), x]),
  rows: (b, x) => {
    const last = b.op('Transpose', [x], { perm: [0, 2, 3, 1] });
    return b.op('Transpose', [b.gelu(b.dense(b.layerNorm(last, channels), channels, channels))], {
      perm: [0, 3, 1, 2],
    });
  },
  unknown: (b, x) => b.op('Resize', [x, '', b.constant(Float32Array.of(1, 1, 1, 1), [4])]),
};

/** The operator set that steps with newer operators need; all that ONNX Runtime 1.30 takes are tried. */
const since: Record<string, number> = { swish: 14, residual: 14, rows: 17, unknown: 13 };
const [oldest, newest] = [11, 26];

const ends: Record<string, (b: Builder, x: string) => string> = {
  map: (_, x) => x,
  pooled: (b, x) => b.op('GlobalAveragePool', [x]),
  classes: (b, x) => {
    const flat = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
    return b.op('Softmax', [b.op('Gemm', [flat, b.weights([channels, 16], channels)])]);
  },
};

const models = fc.record({
  names: fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 1, maxLength: 7 }),
  end: fc.constantFrom(...Object.keys(ends)),
  tap: fc.boolean(),
  clean: fc.boolean(),
  opset: fc.integer({ min: oldest, max: newest }),
});
type Recipe = typeof models extends fc.Arbitrary<infer T> ? T : never;

function modelOf({ names, end, tap, clean, opset }: Recipe): Model {
  const b = new Builder(13);
  const shared = b.weights([channels, channels, 1, 1], channels);
  let x = b.conv('x', 3, channels, 3);
  const seen: string[] = [];
  for (const name of names.filter((each) => (since[each] ?? oldest) <= opset)) {
    x = steps[name]?.(b, x, shared) ?? x;
    seen.push(x);
  }
  const out = ends[end]?.(b, x) ?? x;
  const middle = seen[Math.floor(seen.length / 2)] ?? out;
  const model = b.model({ x: ['N', 3, 8, 8] }, tap && middle !== out ? [out, middle] : [out], opset);
  model.graph.initializer.push(tensor('nobody reads this', Float32Array.of(1)));
  return clean ? cleanUp(model) : model;
}

async function outputs(model: Model, data: Dataset) {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  try {
    return await session.run(batch(data, 0, 2));
  } finally {
    await session.release();
  }
}

function assertSame(found: Record<string, Tensor>, expected: Record<string, Tensor>, tolerance = 1e-4): void {
  for (const [name, { data: values }] of Object.entries(expected)) {
    const same = found[name]?.data ?? [];
    const largest = Math.max(1, ...Array.from<number | bigint, number>(values, (value) => Math.abs(Number(value))));
    Array.from<number | bigint, number>(values, Number).forEach((value, i) => {
      assert.ok(Math.abs(value - Number(same[i])) <= tolerance * largest, `${name} moved`);
    });
  }
}

/** Of each rewrite; RETUNE_FUZZ_RUNS is the total over all tests here. */
const graphRewrites: Rewrite<string>[] = [...Object.values(rewrites), sparsity, equalisation()];
const numRuns = Math.ceil(Number(process.env.RETUNE_FUZZ_RUNS ?? 1400) / (graphRewrites.length + 2));

test('clean-up: random models compute what they computed', async () => {
  const data = floatInput('x', [3, 8, 8]);
  const check = async (recipe: Recipe) => {
    const model = modelOf({ ...recipe, clean: false });
    assertSame(await outputs(cleanUp(model), data), await outputs(model, data));
  };
  await fc.assert(fc.asyncProperty(models, check), { numRuns, seed: 22 });
});

test('equalisation: random models compute what they computed', async () => {
  const data = floatInput('x', [3, 8, 8]);
  const even = equalisation();
  const check = async (recipe: Recipe) => {
    const model = modelOf(recipe);
    const selection = Object.fromEntries(sitesOf(even, model).map(({ id }) => [id, 1]));
    const found = await outputs(await changed(even, model, selection, data), data);
    // Uneven steps one after the other reach 10^6: what is rounded there can be a thousandth after a tanh.
    assertSame(found, await outputs(model, data), 2e-3);
  };
  await fc.assert(fc.asyncProperty(models, check), { numRuns, seed: 24 });
});

for (const rewrite of graphRewrites) {
  test(`${rewrite.name}: random models keep their signature, and what was not chosen`, async () => {
    const data = floatInput('x', [3, 8, 8]);
    await fc.assert(
      fc.asyncProperty(models, fc.array(fc.nat({ max: 99 }), { minLength: 8, maxLength: 8 }), async (recipe, picks) => {
        const model = modelOf(recipe);
        const expected = await outputs(model, data);
        const sites = sitesOf(rewrite, model);
        const pick = ({ choices }: (typeof sites)[number], i: number) =>
          choices[(picks[i % picks.length] ?? 0) % choices.length] ?? 0;
        const selection = Object.fromEntries(sites.map((site, i) => [site.id, pick(site, i)]));
        const found = await outputs(await changed(rewrite, model, selection, data), data);
        const shapes = (all: typeof found) => Object.entries(all).map(([name, { shape }]) => [name, shape]);
        assert.deepEqual(shapes(found), shapes(expected));
        for (const { data: values } of Object.values(found)) {
          assert.ok(Array.from<number | bigint, number>(values, Number).every(Number.isFinite));
        }
        const untouched = await outputs(await changed(rewrite, model, {}, data), data);
        assertSame(untouched, expected);
      }),
      { numRuns, seed: 21 },
    );
  });
}

test('all of them one after the other: random models keep their signature', async () => {
  const data = floatInput('x', [3, 8, 8]);
  const picked = fc.array(fc.nat({ max: 99 }), { minLength: 8, maxLength: 8 });
  const check = async (recipe: Recipe, picks: number[]) => {
    const base = modelOf(recipe);
    let model = base;
    for (const rewrite of Object.values(rewrites)) {
      // As a search does: chosen for the base model, made real on what the rewrites before it have left.
      const chosen = sitesOf(rewrite, base).map(({ id, choices }, i): [string, number] => [
        id,
        choices[(picks[i % picks.length] ?? 0) % choices.length] ?? 0,
      ]);
      model = await changed(rewrite, model, fitted(rewrite, model, Object.fromEntries(chosen)), data);
    }
    const shapes = (all: Awaited<ReturnType<typeof outputs>>) =>
      Object.entries(all).map(([name, { shape }]) => [name, shape]);
    assert.deepEqual(shapes(await outputs(model, data)), shapes(await outputs(base, data)));
  };
  await fc.assert(fc.asyncProperty(models, picked, check), { numRuns: 2 * numRuns, seed: 23 });
});
