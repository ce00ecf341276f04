import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { QualityMetric } from '../../api/variant.ts';
import { estimate } from '../../core/quality/estimate.ts';
import type { Dataset } from '../dataset.ts';
import { checkData, meterOf } from './meters.ts';
import type { Rows } from './output.ts';

const [count, classes] = [12, 7];
const table = (cell: (row: number, column: number) => number) =>
  Array.from({ length: count * classes }, (_, i) => cell(Math.floor(i / classes), i % classes));
const logits = table((r, c) => ((r * 37 + c * 61 + r * c * 13) % 101) / 10 - 5);
const targets = table((r, c) => ((r * 29 + c * 17) % 53) / 10);
const labels = Array.from({ length: count }, (_, r) => (r * 5 + Math.floor(r / 3)) % classes);
const data: Dataset = {
  ...{ rows: count, inputs: {}, labels, targets: Float32Array.from(targets) },
  scores: Float32Array.from([3, 1, 1, 4, 2, 5]),
};

/** Rows of an array of `positions` times `width` numbers each. */
const rowsAt = (values: number[], from: number, rows: number, positions = 1, width = classes): Rows => ({
  ...{ from, rows, positions, classes: width, shape: positions === 1 ? [rows, width] : [rows, positions, width] },
  values: values.slice(from * positions * width, (from + rows) * positions * width),
});

/** What the metric comes to when the rows arrive in batches of these sizes, over and over. */
function judged(metric: Exclude<QualityMetric, 'Command'>, sizes: number[] = [count]) {
  const meter = meterOf(metric, data);
  for (let from = 0, i = 0; from < count; i++) {
    const rows = Math.min(sizes[i % sizes.length] ?? 1, count - from);
    meter.take(rowsAt(logits, from, rows), rowsAt(targets, from, rows));
    from += rows;
  }
  return estimate(metric, meter.scores());
}

const near = (found: number, wanted: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `${found} is not ${wanted}`);

describe('the value of each metric is what others make of the same numbers', () => {
  // Made by scikit-learn 1.9.1 and SciPy 1.17.1 of the arrays above: top_k_accuracy_score, f1_score(average="macro",
  // zero_division=0), exp of minus the mean of log_softmax at the labels, mean_squared_error, mean_absolute_error,
  // spearmanr of the cosines of rows 2i and 2i+1; the cosine by NumPy.
  const wanted = {
    Top1: 2 / 12,
    Top5: 0.75,
    F1: 0.11428571428571428,
    Perplexity: 67.63203773590018,
    MSE: 25.637380952380955,
    MAE: 4.311904761904762,
    Spearman: 0.20291986247835697,
    Cosine: -0.26417208334878295,
  } as const;
  for (const [metric, value] of Object.entries(wanted)) {
    test(metric, () => near(judged(metric as keyof typeof wanted).value, value));
  }

  test('Agreement is the share of rows whose largest score is at the same place', () => {
    const place = (values: number[], row: number) => {
      const own = values.slice(row * classes, (row + 1) * classes);
      return own.indexOf(Math.max(...own));
    };
    const same = labels.filter((_, row) => place(logits, row) === place(targets, row)).length;
    near(judged('Agreement').value, same / count);
  });

  test('the interval of a mean is that of Student: scipy.stats.t over the errors of the rows', () => {
    const { low, high } = judged('MSE');
    near(low, 16.76596774933927, 1e-3);
    near(high, 34.508794155422635, 1e-3);
  });
});

test('how rows are batched changes nothing', () => {
  const metrics = ['Top1', 'Top5', 'F1', 'Perplexity', 'MSE', 'MAE', 'Spearman', 'Cosine', 'Agreement'] as const;
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...metrics), sizes, (metric, parts) => {
      assert.deepEqual(judged(metric, parts), judged(metric));
    }),
    { numRuns: 60 },
  );
});

test('positions with a negative label do not count, and each row weighs by those that do', () => {
  const two: Dataset = { rows: 2, inputs: {}, labels: [0, 1, -100, 1, -1, -1] };
  const meter = meterOf('Perplexity', two);
  // Three positions of two classes a row; the softmax of [log 3, 0] is [3/4, 1/4].
  const sure = [Math.log(3), 0];
  meter.take(rowsAt([...sure, ...sure, 9, -9, ...sure, ...sure, ...sure], 0, 2, 3, 2));
  const { first, second } = meter.scores();
  assert.deepEqual([...second], [2, 1]);
  near(first[0] ?? 0, Math.log(4 / 3) + Math.log(4));
  near(first[1] ?? 0, Math.log(4));
  near(estimate('Perplexity', meter.scores()).value, (64 / 3) ** (1 / 3));
});

test('an output that is no number is never right', () => {
  const bad = [Number.NaN, 1, 2];
  const one = { rows: 1, inputs: {}, labels: [0] };
  const rows = rowsAt(bad, 0, 1, 1, 3);
  for (const metric of ['Top1', 'F1'] as const) {
    const meter = meterOf(metric, one);
    meter.take(rows);
    assert.equal(metric === 'F1' ? meter.scores().first[0] : (meter.scores().first[0] ?? 1) - 1, -1);
  }
});

describe('what a data set lacks is a sentence', () => {
  const bare: Dataset = { rows: 2, inputs: {} };
  const refuses = (metric: Exclude<QualityMetric, 'Command'>, of: Partial<Dataset>, rows: Rows, sentence: RegExp) =>
    assert.throws(() => meterOf(metric, { ...bare, ...of }).take(rows), { name: 'WorkerError', message: sentence });
  const some = rowsAt([1, 2, 3, 4, 5, 6], 0, 2, 1, 3);

  test('the array that the metric is judged by', () => {
    const needs = { Top1: 'labels', Perplexity: 'labels', MSE: 'targets', Spearman: 'scores' } as const;
    for (const [metric, name] of Object.entries(needs)) {
      assert.throws(() => checkData(metric as keyof typeof needs, bare), {
        message: `the data set has no array "${name}", which ${metric} needs: add it, or set spec.quality.metric to Agreement`,
      });
    }
    checkData('Agreement', bare);
    checkData('Command', bare);
  });

  test('arrays of another size than the output, and labels of no class', () => {
    refuses('Top1', { labels: [0, 3] }, some, /label 3 of row 1 is none of the 3 classes/);
    refuses('Top1', { labels: [0, 1, 2, 0] }, some, /2 labels a row, the judged output \[2, 3\] has 1 positions a row/);
    refuses('F1', { labels: [0, -1] }, some, /one label, not negative, a row; row 1 has none/);
    refuses('MAE', { targets: new Float32Array(2) }, some, /1 targets a row, .* \[2, 3\] has 3 numbers a row/);
    const tokens = rowsAt([1, 2, 3, 4, 5, 6, 7, 8], 0, 2, 2, 2);
    refuses('Spearman', { scores: new Float32Array(1) }, tokens, /one embedding a row, .* \[2, 2, 2\]: choose another/);
    assert.throws(() => meterOf('Cosine', bare).take(some, rowsAt([1, 2, 3, 4], 0, 2, 1, 2)), /can't be compared/);
  });
});
