import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepared } from '../python.ts';
import { judged, judgedOutput } from './example.ts';

test('recommender: the model predicts ratings that it was not trained on', { timeout: 600_000 }, async () => {
  const name = await judgedOutput('recommender', ['data/heldout.npz', 'data/calibration.npz']);
  const heldout = join(await prepared('recommender'), 'heldout.npz');
  const { output, arrays, rows } = await judged('examples/recommender/model.onnx', heldout, name);
  const targets = Array.from(arrays.targets?.data ?? [], Number);
  assert.deepEqual([rows, targets.length, output.shape], [10_000, 10_000, [10_000, 1]]);
  const squares = targets.map((target, row) => (target - Number(output.data[row])) ** 2);
  const error = squares.reduce((sum, square) => sum + square, 0) / rows;
  assert.ok(Math.abs(error - 0.8413) < 0.001, `mean squared error ${error}`);
});
