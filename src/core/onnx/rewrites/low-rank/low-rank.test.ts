import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RewriteCase, rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, cnn, floatInput, transformer } from '../../../../../test/contract/rewrite-models.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { batch } from '../../../../worker/dataset.ts';
import { observe } from '../../../../worker/observe.ts';
import { modelCost } from '../../cost/cost.ts';
import { encode, type Model } from '../../model.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { lowRank } from './low-rank.ts';

/** Layers of each kind that are wide enough to have ranks to choose from. */
function wide(): RewriteCase {
  const b = new Builder(8);
  let x = b.op('Relu', [b.conv('x', 3, 32)]);
  x = b.op('Relu', [b.conv(x, 32, 32, 3, { bias: false, stride: 2 })]);
  x = b.op('Relu', [b.conv(x, 32, 64, 1)]);
  x = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
  x = b.op('Gemm', [x, b.weights([48, 64], 64), b.constant(b.random(48), [48])], { transB: 1 });
  const y = b.op('MatMul', [b.op('Tanh', [b.dense(x, 48, 32)]), b.weights([32, 64], 32)]);
  return { name: 'wide layers', model: b.model({ x: ['N', 3, 8, 8] }, [y]), calibration: floatInput('x', [3, 8, 8]) };
}

rewriteContract(lowRank, [wide(), cnn(), transformer('after')]);

const sitesOf = (model: Model) => lowRank.sites(model, inferShapes(model));

async function outputs(model: Model, data: RewriteCase['calibration']) {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  const found = await session.run(batch(data, 0, data.rows));
  await session.release();
  return Object.values(found)[0]?.data as Float32Array;
}

async function factorised(one: RewriteCase, id: string, rank: number): Promise<Model> {
  const observed = await observe(engine, one.model, lowRank.needs(one.model, { [id]: rank }), one.calibration);
  return lowRank.rewrite(one.model, { [id]: rank }, observed);
}

const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)));

test('each kind of layer is factorised, a higher rank is closer, and every rank takes fewer products', async () => {
  const one = wide();
  const { model, calibration } = one;
  const kinds = sitesOf(model).map(({ id }) => model.graph.node.find(({ name }) => name === id)?.opType);
  assert.deepEqual(kinds, ['Conv', 'Conv', 'Gemm', 'MatMul', 'MatMul']);
  const { macs } = modelCost(model);
  const expected = await outputs(model, calibration);
  for (const { id, choices, identity } of sitesOf(model)) {
    let before = Number.POSITIVE_INFINITY;
    for (const rank of choices.filter((each) => each !== identity)) {
      const candidate = await factorised(one, id, rank);
      assert.ok(modelCost(candidate).macs < macs, `${id} at ${rank}`);
      const away = distance(await outputs(candidate, calibration), expected);
      assert.ok(away <= before * 1.05, `${id}: rank ${rank} is ${away} away, a lower one ${before}`);
      before = away;
    }
  }
});

test('data of few dimensions is served by weights of few dimensions, from either side', async () => {
  for (const [inputs, out] of [
    [32, 32],
    [32, 96],
    [96, 32],
  ] as const) {
    const b = new Builder(3);
    // Of all inputs, only what eight numbers span is ever seen.
    const spanned = b.op('MatMul', ['x', b.weights([8, inputs], 8)]);
    const shifted = b.op('Add', [spanned, b.constant(b.random(inputs), [inputs])]);
    const y = b.op('Tanh', [b.dense(b.op('Identity', [shifted]), inputs, out)]);
    const model = b.model({ x: ['N', 8] }, [y]);
    const one = { name: '', model, calibration: floatInput('x', [8]) };
    const id = sitesOf(model).at(-1)?.id ?? '';
    const expected = await outputs(model, one.calibration);
    const away = distance(await outputs(await factorised(one, id, 8), one.calibration), expected);
    assert.ok(away / Math.hypot(...expected) < 5e-3, `${inputs}x${out}: ${away / Math.hypot(...expected)}`);
  }
});
