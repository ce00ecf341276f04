import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleCorrelation } from 'simple-statistics';
import { prepared } from '../python.ts';
import { judged, judgedOutput } from './example.ts';

/** The cosine of rows 2i and 2i + 1. */
function cosines(vectors: Float32Array, width: number): number[] {
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (vectors[a * width + i] ?? 0) * (vectors[b * width + i] ?? 0);
    return sum;
  };
  return Array.from({ length: vectors.length / width / 2 }, (_, pair) => {
    const [first, second] = [2 * pair, 2 * pair + 1];
    return dot(first, second) / Math.sqrt(dot(first, first) * dot(second, second));
  });
}

/** Ranks from 0, equal values at the mean of theirs. */
function ranks(values: number[]): number[] {
  const ordered = values.toSorted((a, b) => a - b);
  return values.map((value) => (ordered.indexOf(value) + ordered.lastIndexOf(value)) / 2);
}

test('encoder: the model finds words alike much as people do', { timeout: 600_000 }, async () => {
  const name = await judgedOutput('encoder', ['data/model.onnx', 'data/heldout.npz', 'data/calibration.npz']);
  const folder = await prepared('encoder', ['--sets', 'heldout']);
  const found = await judged(join(folder, 'model.onnx'), join(folder, 'heldout.npz'), name);
  const { output, arrays, rows } = found;
  const scores = Array.from(arrays.scores?.data ?? [], Number);
  assert.deepEqual([rows, scores.length, output.shape], [1998, 999, [1998, 384]]);
  const spearman = sampleCorrelation(ranks(cosines(output.data as Float32Array, 384)), ranks(scores));
  assert.ok(Math.abs(spearman - 0.5764) < 0.002, `Spearman ${spearman}`);
});
