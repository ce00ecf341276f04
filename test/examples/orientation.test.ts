import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepared } from '../python.ts';
import { judged, judgedOutput, top1 } from './example.ts';

const rows = 200;

test('orientation: the model of the package tells how rendered pages are turned, but not of all', {
  timeout: 600_000,
}, async () => {
  const name = await judgedOutput('orientation', ['data/model.onnx', 'data/heldout.npz', 'data/calibration.npz']);
  const folder = await prepared('orientation', ['--rows', `${rows}`, '--calibration-rows', '16']);
  const [model, heldout] = [join(folder, 'model.onnx'), join(folder, 'heldout.npz')];
  const found = await judged(model, heldout, name);
  assert.equal(found.rows, rows);
  // The README says 96.5%; another processor may turn one page or two.
  assert.ok(Math.abs(top1(found) - 0.965) <= 2.5 / rows, `top-1 ${top1(found)}`);
});
