import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputOf, sitesOf } from '../../../../../test/contract/changed.ts';
import { rewriteContract } from '../../../../../test/contract/rewrite.ts';
import { Builder, cnn, floatInput } from '../../../../../test/contract/rewrite-models.ts';
import { nothing } from '../../observe/observations.ts';
import { kernel } from './kernel.ts';

rewriteContract(kernel, [cnn()]);

test('sizes are offered that the padding leaves room for', () => {
  const b = new Builder(1);
  const dilated = b.op('Conv', ['x', b.weights([4, 4, 3, 3], 36)], { dilations: [2, 2], pads: [2, 2, 2, 2] });
  const same = b.op('Conv', [dilated, b.weights([4, 4, 3, 3], 36)], { auto_pad: 'SAME_UPPER' });
  let x = b.conv(same, 4, 4, 7);
  for (const [size, pad] of [
    [5, 1],
    [3, 0],
    [2, 1],
    [1, 0],
  ] as const) {
    x = b.conv(x, 4, 4, size, { pad });
  }
  const sizes = sitesOf(kernel, b.model({ x: ['N', 4, 16, 16] }, [x])).map(({ choices }) => choices);
  assert.deepEqual(sizes, [
    [1, 3],
    [1, 3, 5, 7],
    [3, 5],
  ]);
});

test('flat regions keep their value, and a kernel without taps at its rim is not changed at all', async () => {
  const b = new Builder(1);
  const data = floatInput('x', [4, 9, 9]);
  const model = b.model({ x: ['N', 4, 9, 9] }, [b.conv('x', 4, 4, 5)]);
  const [site] = sitesOf(kernel, model);
  const small = kernel.rewrite(model, { [site?.id ?? '']: 3 }, nothing);
  const flat = { ...data, inputs: { x: { ...data.inputs.x, data: new Float32Array(data.rows * 324).fill(0.7) } } };
  const [expected, found] = [await outputOf(model, flat as typeof data), await outputOf(small, flat as typeof data)];
  // The middle of each 9x9 map, where no window touches the padding.
  for (let map = 0; map < 16; map++) {
    assert.ok(Math.abs((found[map * 81 + 40] ?? 0) - (expected[map * 81 + 40] ?? 1)) < 1e-5);
  }

  const hollow = new Builder(1);
  const taps = hollow.random(4 * 4 * 25).map((value, i) => {
    const [y, x] = [Math.floor((i % 25) / 5), i % 5];
    return y % 4 === 0 || x % 4 === 0 ? 0 : value;
  });
  const conv = hollow.op('Conv', ['x', hollow.constant(taps, [4, 4, 5, 5])], { pads: [2, 2, 2, 2], strides: [2, 2] });
  const padded = hollow.model({ x: ['N', 4, 9, 9] }, [conv]);
  const exact = kernel.rewrite(padded, { [conv]: 3 }, nothing);
  const [before, after] = [await outputOf(padded, data), await outputOf(exact, data)];
  assert.ok(before.every((value, i) => Math.abs(value - (after[i] ?? 9)) < 1e-5));
});
