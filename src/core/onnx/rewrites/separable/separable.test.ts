import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, distance, norm, outputOf, sitesOf } from '../../../../../test/contract/changed.ts';
import { rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, cnn, floatInput } from '../../../../../test/contract/rewrite-models.ts';
import { modelCost } from '../../cost/cost.ts';
import { separable } from './separable.ts';

rewriteContract(separable, [cnn()]);

const data = floatInput('x', [8, 10, 10]);

test('more filters come closer, take fewer products than the dense convolution, and keep the mean', async () => {
  const b = new Builder(2);
  const conv = b.conv('x', 8, 24, 3, { pad: 0, stride: 2 });
  const model = b.model({ x: ['N', 8, 10, 10] }, [conv]);
  const expected = await outputOf(model, data);
  const [site] = sitesOf(separable, model);
  assert.deepEqual(site?.choices, [1, 2, 3, 4, 5, 6, 9]);
  let before = Number.POSITIVE_INFINITY;
  for (const filters of site?.choices.slice(0, -1) ?? []) {
    const candidate = await changed(separable, model, { [conv]: filters }, data);
    assert.ok(modelCost(candidate).macs < modelCost(model).macs);
    const found = await outputOf(candidate, data);
    const away = distance(found, expected) / norm(expected);
    assert.ok(away < before, `${filters} filters: ${away}, fewer: ${before}`);
    before = away;
  }
});

test('a convolution that is separable already is found to be', async () => {
  const b = new Builder(2);
  const [taps, mix] = [b.random(8 * 9), b.random(24 * 8)];
  const dense = Float32Array.from({ length: 24 * 8 * 9 }, (_, i) => {
    const [output, input, tap] = [Math.floor(i / 72), Math.floor(i / 9) % 8, i % 9];
    return (mix[output * 8 + input] ?? 0) * (taps[input * 9 + tap] ?? 0);
  });
  const conv = b.op('Conv', ['x', b.constant(dense, [24, 8, 3, 3])], { pads: [1, 1, 1, 1] });
  const model = b.model({ x: ['N', 8, 10, 10] }, [conv]);
  const expected = await outputOf(model, data);
  const found = await outputOf(await changed(separable, model, { [conv]: 1 }, data), data);
  assert.ok(distance(found, expected) < 1e-4 * norm(expected));
});
