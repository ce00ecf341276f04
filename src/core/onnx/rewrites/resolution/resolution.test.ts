import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputOf, sitesOf } from '../../../../../test/contract/changed.ts';
import { rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, cnn, floatInput, transformer } from '../../../../../test/contract/rewrite-models.ts';
import { modelCost } from '../../cost/cost.ts';
import { nothing } from '../../observe/observations.ts';
import { resolution } from './resolution.ts';

rewriteContract(resolution, [cnn(), transformer('after')]);

test('half the width takes about a quarter of the products', () => {
  const { model } = cnn();
  const [site] = sitesOf(resolution, model);
  assert.deepEqual(site?.choices, [8, 12, 16]);
  const { macs } = modelCost(resolution.rewrite(model, { x: 8 }, nothing));
  assert.ok(macs < 0.35 * modelCost(model).macs);
});

test('an image without detail is classified as it was', async () => {
  const b = new Builder(4);
  const features = b.op('GlobalAveragePool', [b.op('Relu', [b.conv('x', 3, 8, 3, { pad: 0 })])]);
  const model = b.model({ x: ['N', 3, 16, 16] }, [features]);
  const data = floatInput('x', [3, 16, 16]);
  const flat = { ...data, inputs: { x: { ...data.inputs.x, data: new Float32Array(data.rows * 768).fill(0.5) } } };
  const small = resolution.rewrite(model, { x: 8 }, nothing);
  const [expected, found] = [await outputOf(model, flat as typeof data), await outputOf(small, flat as typeof data)];
  assert.ok(expected.every((value, i) => Math.abs(value - (found[i] ?? 9)) < 1e-5));
});

test('nothing is offered where the size of the image matters', () => {
  const flattened = new Builder(4);
  const flat = flattened.op('Flatten', [flattened.conv('x', 3, 2)]);
  const dense = flattened.op('MatMul', [flat, flattened.weights([512, 4], 512)]);
  const map = new Builder(4);
  const positions = new Builder(4);
  const embedded = positions.op('Add', ['x', positions.constant(positions.random(768), [1, 3, 16, 16])]);
  const pooled = positions.op('GlobalAveragePool', [embedded]);
  for (const [b, y] of [
    [flattened, dense],
    [map, map.conv('x', 3, 2)],
    [positions, pooled],
  ] as const) {
    assert.deepEqual(sitesOf(resolution, b.model({ x: ['N', 3, 16, 16] }, [y])), []);
  }
});
