import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Quality, QualityMetric } from '../../api/variant.ts';
import { studentQuantile } from '../statistics/ratio-of-sums.ts';
import { dropHigh, perfect } from './drop.ts';
import { estimate } from './estimate.ts';
import { acceptable, limitOf, limitPhrase, mostLoss } from './limit.ts';
import { higherIsBetter, lossOf, showValue, worstLoss } from './metric.ts';
import type { Scores } from './scores.ts';

const quality = (metric: QualityMetric, value: number, more: Partial<Quality> = {}): Quality => ({
  ...{ metric, value, low: value, high: value, samples: 100 },
  ...more,
});

describe('which way is better', () => {
  test('a better value is a smaller loss, for every metric and a command of either way', () => {
    const value = fc.integer({ min: -1e6, max: 1e6 }).map((thousandths) => thousandths / 1000);
    fc.assert(
      fc.property(fc.constantFrom(...QualityMetric.options), fc.boolean(), value, value, (metric, way, a, b) => {
        const of = (v: number) => quality(metric, v, metric === 'Command' ? { higherIsBetter: way } : {});
        const better = higherIsBetter(of(a)) ? a >= b : a <= b;
        assert.equal(lossOf(of(a)) <= lossOf(of(b)), better || lossOf(of(a)) === lossOf(of(b)));
        assert.ok(worstLoss(of(a)) > lossOf(of(a)));
      }),
    );
  });

  test('shares are shown as percentages, others with four digits', () => {
    const shown = [
      showValue('Top1', 0.98804),
      showValue('Spearman', 0.812345),
      showValue('Perplexity', 23.4567),
      showValue('MSE', 123456.7),
    ];
    assert.deepEqual(shown, ['98.80%', '0.8123', '23.46', '123457']);
  });
});

describe('the limit of quality', () => {
  const base = quality('Top1', 0.97);

  test('a drop counts in points of a share, and as a part of an error', () => {
    const points = limitOf({ maxDrop: '1%' }, base);
    assert.deepEqual(
      [acceptable(quality('Top1', 0.96), points), acceptable(quality('Top1', 0.9599), points)],
      [true, false],
    );
    const part = limitOf({ maxDrop: '5%' }, quality('Perplexity', 20));
    assert.deepEqual(
      [acceptable(quality('Perplexity', 21), part), acceptable(quality('Perplexity', 21.1), part)],
      [true, false],
    );
    const reward = { higherIsBetter: true };
    const gain = limitOf({ maxDrop: '10%' }, quality('Command', -50, reward));
    assert.deepEqual(
      [acceptable(quality('Command', -55, reward), gain), acceptable(quality('Command', -56, reward), gain)],
      [true, false],
    );
  });

  test('what is not certain to be within the drop is not, though it looks so; the base always is', () => {
    const limit = limitOf({ maxDrop: '1%' }, base);
    assert.equal(acceptable(quality('Top1', 0.968, { dropHigh: 0.014 }), limit), false);
    assert.equal(acceptable(quality('Top1', 0.968, { dropHigh: 0.009 }), limit), true);
    assert.equal(acceptable(base, limit), true);
    assert.equal(acceptable(base, limitOf({ maxDrop: '0%' }, base)), true);
  });

  test('what may be seen to be lost is less the more uncertain drops near the limit are', () => {
    const base = quality('Top1', 0.98);
    const about = (value: number, dropHigh: number) => quality('Top1', value, { dropHigh });
    const limit = limitOf({ maxDrop: '1%' }, base);
    const close = (a: number | undefined, b: number) => assert.ok(Math.abs((a ?? 0) - b) < 1e-9, `${a}`);
    close(mostLoss(base, limit), 0.03);
    close(mostLoss(base, limit, [about(0.975, 0.009), about(0.97, 0.014), about(0.5, 0.6)]), 0.026);
    close(mostLoss(base, limitOf({ floor: '95%' })), 0.05);
    assert.equal(mostLoss(base, {}), undefined);
  });

  test('without a limit, or before the base is judged, anything goes', () => {
    assert.ok(acceptable(quality('Top1', 0), limitOf({})));
    assert.ok(acceptable(quality('Top1', 0), limitOf({ maxDrop: '1%' })));
    assert.equal(acceptable(quality('Top1', 0.9), limitOf({ floor: '95%' })), false);
    assert.deepEqual(
      [limitPhrase('Top1', { floor: 0.95 }), limitPhrase('MSE', { maxDrop: 0.015 }), limitPhrase('F1', {})],
      ['above 95.00%', 'certain to be within 1.5% of the base', undefined],
    );
  });
});

const scores = (first: number[], second: number[]): Scores => ({
  first: Float32Array.from(first),
  second: Float32Array.from(second),
});
const metrics = QualityMetric.options.filter((metric) => metric !== 'Command');

describe('the drop against the base', () => {
  const ones = (length: number) => Array.from({ length }, () => 1);

  test('of a model against itself it is nothing, save what so few rows can not exclude', () => {
    const rows = Array.from({ length: 200 }, (_, i) => [0, 1, 1, 2, 1][i % 5] ?? 0);
    for (const metric of metrics) {
      const own = scores(rows, metric === 'Spearman' || metric === 'F1' ? rows.toReversed() : ones(200));
      const high = dropHigh(metric, own, own) ?? Number.NaN;
      if (metric === 'Top1' || metric === 'Top5' || metric === 'Agreement')
        assert.ok(high > 0 && high < 0.015, `${high}`);
      else assert.equal(high, 0, metric);
    }
  });

  test('pairing tells a small drop on hard rows from the spread of the rows themselves', () => {
    // Every row is 2% worse: certain, though the rows' own losses spread over a hundredfold.
    const base = Array.from({ length: 50 }, (_, i) => 1 + i * 2);
    const own = estimate('MSE', scores(base, ones(50)));
    assert.ok(own.high - own.low > 0.3 * own.value);
    const high =
      dropHigh(
        'MSE',
        scores(
          base.map((loss) => 1.02 * loss),
          ones(50),
        ),
        scores(base, ones(50)),
      ) ?? 0;
    assert.ok(Math.abs(high - 0.02) < 1e-6, `${high}`);
  });

  test('against the base itself, agreement drops by what disagrees', () => {
    const variant = scores([...ones(990), ...Array.from({ length: 10 }, () => 0)], ones(1000));
    const high = dropHigh('Agreement', variant, perfect(variant)) ?? 0;
    assert.ok(high > 0.01 && high < 0.018, `${high}`);
  });

  test('other rows, and a base without error, can not be compared', () => {
    assert.equal(dropHigh('Top1', scores([1], [1]), scores([1, 1], [1, 1])), undefined);
    assert.equal(dropHigh('MSE', scores([1, 2], [1, 1]), scores([0, 0], [1, 1])), undefined);
  });
});

test('the interval holds its value, and rows in another order change no estimate', () => {
  const row = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(fc.constantFrom(...metrics), fc.array(row, { minLength: 6, maxLength: 30 }), (metric, rows) => {
      const free = metric === 'Spearman' || metric === 'F1';
      const made = (all: [number, number][]) =>
        scores(
          all.map(([first, second]) => (free ? first : Math.min(first, second + 1))),
          all.map(([, second]) => (free ? second : second + 1)),
        );
      const { value, low, high, samples } = estimate(metric, made(rows));
      if (Number.isNaN(value)) return;
      // A bootstrap of few rows with ties need not reach the value it was drawn around.
      if (metric !== 'F1') assert.ok(low <= value + 1e-9 && value <= high + 1e-9, `${metric} ${low} ${value} ${high}`);
      assert.equal(samples, rows.length);
      assert.ok(Math.abs(estimate(metric, made(rows.toReversed())).value - value) < 1e-9);
    }),
  );
});

test("Student's quantile is that of scipy.stats.t", () => {
  const wanted = [
    [3, 3.1824463052837078],
    [5, 2.5705818356363146],
    [10, 2.228138851986274],
    [30, 2.0422724563012378],
  ] as const;
  for (const [df, value] of wanted) assert.ok(Math.abs(studentQuantile(df) / value - 1) < 0.02, `${df}`);
});
