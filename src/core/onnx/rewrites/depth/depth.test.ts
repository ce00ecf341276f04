import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RewriteCase, rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, families, floatInput, transformer } from '../../../../../test/contract/rewrite-models.ts';
import { engine } from '../../../../engines/onnxruntime/onnxruntime.ts';
import { batch } from '../../../../worker/dataset.ts';
import { observe } from '../../../../worker/observe.ts';
import { modelCost } from '../../cost/cost.ts';
import { encode, type Model } from '../../model.ts';
import { inferShapes } from '../../shapes/infer.ts';
import { cleanUp } from '../clean-up/clean-up.ts';
import { depth } from './depth.ts';

const cleaned = families().map((each) => ({ ...each, name: `${each.name}, cleaned up`, model: cleanUp(each.model) }));
rewriteContract(depth, [...families(), ...cleaned]);

const sitesOf = (model: Model) => depth.sites(model, inferShapes(model)).map(({ id }) => id);
const all = (model: Model) => Object.fromEntries(sitesOf(model).map((id) => [id, 1]));

async function outputs(model: Model, data: RewriteCase['calibration']) {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  const found = await session.run(batch(data, 0, data.rows));
  await session.release();
  return Object.values(found)[0]?.data as Float32Array;
}

async function mean(model: Model, data: RewriteCase['calibration']) {
  const values = await outputs(model, data);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('sublayers of a transformer are blocks, before or after their normalisation, and nothing is left of them', async () => {
  for (const { model, calibration } of families().filter(({ name }) => name.includes('transformer'))) {
    assert.equal(sitesOf(model).length, 4);
    const observed = await observe(engine, model, depth.needs(model, all(model)), calibration);
    const short = depth.rewrite(model, all(model), observed);
    assert.deepEqual(
      short.graph.node.filter(({ opType }) => opType === 'Softmax' || opType === 'Erf'),
      [],
    );
    assert.ok(modelCost(short).macs < modelCost(model).macs / 5);
  }
});

test('the mean of what is dropped goes into a bias before, and costs nothing', async () => {
  for (const layers of ['conv', 'norm'] as const) {
    const b = new Builder(4);
    const start = layers === 'conv' ? b.conv('x', 3, 8) : b.layerNorm(b.dense('x', 3, 8), 8);
    const branch =
      layers === 'conv' ? b.conv(b.op('Relu', [start]), 8, 8) : b.dense(b.gelu(b.dense(start, 8, 8)), 8, 8);
    const y = b.op(layers === 'conv' ? 'Sum' : 'Add', [branch, start]);
    const shape = layers === 'conv' ? [3, 6, 6] : [5, 3];
    const model = b.model({ x: ['N', ...shape] }, [y]);
    const data = floatInput('x', shape);
    const observed = await observe(engine, model, depth.needs(model, all(model)), data);
    const short = depth.rewrite(model, all(model), observed);
    const kept = short.graph.node.map(({ opType }) => opType);
    assert.deepEqual(kept, layers === 'conv' ? ['Conv'] : ['MatMul', 'Add', 'LayerNormalization']);
    const [expected, found] = [await mean(model, data), await mean(short, data)];
    assert.ok(Math.abs(found - expected) < 1e-4, `${found} instead of ${expected}`);
  }
});

test('blocks that are dropped together leave the mean of what follows as it was', async () => {
  const { model, calibration } = transformer('before');
  const ids = sitesOf(model);
  for (const some of [ids, ids.slice(1, 3), ids.slice(2)]) {
    const selection = Object.fromEntries(some.map((id) => [id, 1]));
    const observed = await observe(engine, model, depth.needs(model, selection), calibration);
    const before = await mean(model, calibration);
    const after = await mean(depth.rewrite(model, selection, observed), calibration);
    // Blocks that are kept after one that is dropped see other inputs: only with all gone is the mean exact.
    const tolerance = some.length === ids.length ? 1e-4 : 0.2;
    assert.ok(Math.abs(after - before) < tolerance, `${after} instead of ${before}`);
  }
});

test('an addition of two branches, or of values of other shapes, is no block', () => {
  const b = new Builder(4);
  const [left, right] = [b.conv('x', 3, 8), b.conv('x', 3, 8)];
  const sum = b.op('Add', [left, right]);
  const pooled = b.op('Add', [b.op('GlobalAveragePool', [sum]), sum]);
  assert.deepEqual(sitesOf(b.model({ x: ['N', 3, 6, 6] }, [pooled])), []);
});
