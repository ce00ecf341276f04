import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judged, judgedOutput, top1 } from './example.ts';

test('vit: the vision transformer is worth what its README says', async () => {
  const name = await judgedOutput('vit');
  const found = await judged('examples/vit/model.onnx', 'examples/vit/heldout.npz', name);
  assert.deepEqual(found.output.shape, [2000, 10]);
  assert.ok(Math.abs(top1(found) - 0.983) <= 0.001, `top-1 ${top1(found)}`);
});
