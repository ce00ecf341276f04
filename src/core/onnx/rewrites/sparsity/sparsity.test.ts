import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, distance, outputOf, sitesOf } from '../../../../../test/contract/changed.ts';
import { rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, cnn, floatInput, transformer } from '../../../../../test/contract/rewrite-models.ts';
import { modelCost } from '../../cost/cost.ts';
import { dims, floats } from '../../tensors.ts';
import { sparsity } from './sparsity.ts';

rewriteContract(sparsity, [cnn(), transformer('after')]);

test('of every four weights along the inputs two are left, and the cost by the graph is what it was', async () => {
  const { model, calibration } = cnn();
  const all = Object.fromEntries(sitesOf(sparsity, model).map(({ id }) => [id, 1]));
  const sparse = await changed(sparsity, model, all, calibration);
  assert.equal(modelCost(sparse).macs, modelCost(model).macs);
  for (const { name, input } of sparse.graph.node.filter((node) => (node.name ?? '') in all)) {
    const weights = sparse.graph.initializer.find((each) => each.name === input[1]) ?? assert.fail(name);
    const [values, [outputs = 0, within = 0, ...kernel]] = [floats(weights), dims(weights)];
    if (kernel.length === 0) continue;
    const taps = kernel.reduce((a, b) => a * b, 1);
    for (let output = 0; output < outputs; output++) {
      for (let block = 0; block < within; block += 4) {
        for (let tap = 0; tap < taps; tap++) {
          const run = [0, 1, 2, 3].map((i) => values[(output * within + block + i) * taps + tap]);
          assert.equal(run.filter((value) => value === 0).length, 2, `${name}: ${run}`);
        }
      }
    }
  }
});

test('the size of the inputs counts: weights on inputs that are large stay', async () => {
  const b = new Builder(3);
  const scale = b.constant(Float32Array.of(100, 1, 1, 100, 1, 100, 100, 1), [8]);
  const weights = b.random(8 * 4).map((value) => value * 0.1 + Math.sign(value));
  const y = b.op('MatMul', [b.op('Mul', ['x', scale]), b.constant(weights, [8, 4])]);
  const model = b.model({ x: ['N', 8] }, [y]);
  const data = floatInput('x', [8]);
  const expected = await outputOf(model, data);
  const sparse = await changed(sparsity, model, { [y]: 1 }, data);
  const away = distance(await outputOf(sparse, data), expected) / Math.hypot(...expected);
  assert.ok(away < 0.02, `${away}`);
});
