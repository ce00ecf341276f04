import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Candidate } from '../../api/candidate.ts';
import { canonical, label, shortHash } from './candidate.ts';
import { type Measured, outcome } from './choice.ts';
import { crowding, dominates, front, hypervolume, ranks } from './pareto.ts';
import type { Evaluated, Sampler } from './sampler.ts';
import { evolutionSampler } from './samplers/evolution.ts';
import { randomSampler } from './samplers/random.ts';
import type { Space } from './space.ts';

const space: Space = {
  dimensions: [
    { name: 'stage1.depth', choices: [1, 2, 3] },
    { name: 'stage1.width', choices: [8, 16, 24, 32] },
    { name: 'stage2.depth', choices: [1, 2, 3] },
    { name: 'stage2.width', choices: [16, 32, 48, 64] },
    { name: 'stage1.block1.kernel', choices: [3, 5] },
    { name: 'stage2.block1.kernel', choices: [3, 5] },
  ],
  precisions: ['FP32', 'INT8Static', 'INT8Dynamic'],
  engines: [{ threads: 1, graphOptimization: 'All' }],
};

/** A made-up accelerator: time grows with the work, INT8 static helps, dynamic hurts; quality saturates. */
function evaluate({ dimensions: d, precision }: Candidate): number[] {
  const at = (name: string) => d[name] ?? Math.max(...(space.dimensions.find((x) => x.name === name)?.choices ?? []));
  const work =
    at('stage1.depth') * at('stage1.width') ** 2 * at('stage1.block1.kernel') ** 2 +
    at('stage2.depth') * at('stage2.width') ** 2 * at('stage2.block1.kernel') ** 2;
  const factor = { FP32: 1, FP16: 1, INT8Static: 0.35, INT8Dynamic: 1.4, INT4: 1, Mixed: 1 }[precision];
  return [(work / 30_000) * factor, 0.02 + 40 / (work + 500) + (precision === 'FP32' ? 0 : 0.001)];
}

const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), { maxLength: 20 });

describe('Pareto', () => {
  test('a front dominates all others and none of its own, and is the first of the ranks', () => {
    fc.assert(
      fc.property(points, (all) => {
        const best = front(all);
        const rank = ranks(all);
        for (const i of best) {
          assert.equal(rank[i], 0);
          assert.ok(!all.some((other) => dominates(other, all[i] as [number, number])));
        }
        for (const [i, point] of all.entries()) {
          const covered = best.some((j) => all[j]?.every((value, axis) => value <= (point[axis] ?? 0)));
          assert.ok(covered, `point ${i} is covered`);
        }
      }),
    );
  });

  test('another point never makes the hypervolume smaller', () => {
    fc.assert(
      fc.property(points, fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), (all, extra) => {
        assert.ok(hypervolume([...all, extra], [10, 10]) >= hypervolume(all, [10, 10]));
      }),
    );
    assert.equal(
      hypervolume(
        [
          [1, 2],
          [2, 1],
        ],
        [3, 3],
      ),
      3,
    );
  });

  test('the ends of a front stand most alone', () => {
    assert.deepEqual(
      crowding([
        [0, 4],
        [1, 1],
        [4, 0],
      ]),
      [Number.POSITIVE_INFINITY, 2, Number.POSITIVE_INFINITY],
    );
  });
});

describe('candidates', () => {
  test('have one name, whatever the order of their keys and whether the largest is said', () => {
    const engine = space.engines[0] ?? { threads: 1, graphOptimization: 'All' };
    const a: Candidate = { dimensions: { 'stage1.depth': 1, 'stage1.width': 32 }, precision: 'FP32', engine };
    const b: Candidate = { dimensions: { 'stage1.depth': 1 }, precision: 'FP32', engine };
    assert.equal(canonical(a, space.dimensions), canonical(b, space.dimensions));
    assert.match(shortHash(canonical(a, [])), /^[0-9a-z]{13}$/);
    assert.notEqual(shortHash('a'), shortHash('b'));
    assert.equal(label(a), 'FP32 s1d1 s1w32 1t');
  });
});

test('evolution finds more than chance does with the same number of trials', () => {
  const volume = (sampler: Sampler, seed: number) => {
    const history: Evaluated[] = [];
    while (history.length < 40) {
      const [candidate] = sampler(space, history, 1, seed);
      if (candidate) history.push({ candidate, objectives: evaluate(candidate) });
    }
    return hypervolume(
      history.map(({ objectives }) => objectives ?? []),
      [12, 0.12],
    );
  };
  const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
  const wins = seeds.filter((seed) => volume(evolutionSampler, seed) > volume(randomSampler, seed)).length;
  assert.ok(wins >= 15, `${wins} of 20`);
});

describe('the outcome on one accelerator', () => {
  const point = (variant: string, quality: number, latencyMs: number, outputsAgree = true): Measured => ({
    ...{ variant, latencyMs, latencyHighMs: latencyMs, outputsAgree, label: variant, sizeBytes: 1 },
    quality: { metric: 'Top1', value: quality, low: quality, high: quality, samples: 1000 },
    ...{ p50Ms: latencyMs, p99Ms: latencyMs, p99LowMs: latencyMs, p99HighMs: latencyMs },
  });
  const all = [point('base', 0.99, 20), point('small', 0.97, 4), point('tiny', 0.9, 1), point('bad', 0.96, 9)];

  test('recommends the most accurate that fits, the fastest without a threshold, and says why there is none', () => {
    assert.deepEqual(
      outcome(all, { quality: { floor: 0.95 } }).front.map(({ variant }) => variant),
      ['tiny', 'small', 'base'],
    );
    assert.equal(outcome(all, { quality: { floor: 0.95 }, thresholdMs: 10 }).recommended, 'small');
    assert.equal(outcome(all, { quality: { floor: 0.95 } }).recommended, 'small');
    const none = outcome(all, { quality: { floor: 0.95 }, thresholdMs: 2 });
    assert.equal(none.recommended, undefined);
    assert.equal(none.message, 'no variant above 95.00% meets 2 ms: the fastest takes 4.00 ms');
  });

  test('says within what drop nothing meets the threshold, and draws nothing but the threshold where no limit is set', () => {
    const base = all[0]?.quality;
    const close = outcome(all, { quality: { maxDrop: 0.01, base }, thresholdMs: 2 });
    assert.equal(
      close.message,
      'no variant certain to be within 1% of the base meets 2 ms: the fastest takes 20.00 ms',
    );
    assert.equal(
      outcome(all, { quality: {}, thresholdMs: 0.5 }).message,
      'no variant meets 0.5 ms: the fastest takes 1.00 ms',
    );
  });

  test('of errors the smallest is best, and the hypervolume is seen from a tenth more than that of the base', () => {
    const perplexity = (variant: string, value: number, latencyMs: number): Measured => ({
      ...point(variant, 0, latencyMs),
      quality: { metric: 'Perplexity', value, low: value, high: value, samples: 100 },
    });
    const models = [perplexity('base', 20, 10), perplexity('small', 21, 5), perplexity('worse', 24, 6)];
    const found = outcome(models, { quality: { maxDrop: 0.06, base: models[0]?.quality }, thresholdMs: 30 }, 'base');
    assert.deepEqual(
      [found.front.map(({ variant, quality }) => [variant, quality]), found.recommended],
      [
        [
          ['small', 21],
          ['base', 20],
        ],
        'base',
      ],
    );
    // The corner is 20 ms and a perplexity of 22: 15 x 1 for the small one and 10 x 1 more for the base.
    assert.ok(Math.abs((found.hypervolume ?? 0) - 25) < 1e-9);
    assert.equal(outcome(models, { quality: { maxDrop: 0.06, base: models[0]?.quality } }).recommended, 'small');
    assert.equal(outcome(models, { quality: { maxDrop: 0.04, base: models[0]?.quality } }).recommended, 'base');
  });

  test('figures are objectives where asked, limits where set, and why nothing keeps one is said', () => {
    const withSize = (one: Measured, value: number | undefined, limit?: number): Measured => ({
      ...one,
      figures: [{ name: 'PeakActivationBytes', value, limit, objective: limit === undefined }],
    });
    const [base, small, tiny, bad] = all as [Measured, Measured, Measured, Measured];
    const asked = [withSize(base, 900), withSize(small, 700), withSize(tiny, 300), withSize(bad, 200)];
    const names = outcome(asked, { quality: {} }).front.map(({ variant }) => variant);
    assert.deepEqual(names, ['tiny', 'small', 'bad', 'base']);
    const limited = [withSize(base, 900, 500), withSize(small, 700, 500), withSize(bad, 200, 500)];
    const kept = outcome(limited, { quality: { floor: 0.95 } });
    assert.deepEqual([kept.front.map(({ variant }) => variant), kept.recommended], [['bad'], 'bad']);
    const none = outcome([withSize(base, 900, 500), withSize(small, undefined, 500)], { quality: {} });
    assert.equal(
      none.message,
      'no variant of enough quality keeps spec.figures PeakActivationBytes within 500: the nearest has 900',
    );
  });

  test('a threshold is kept by the whole interval, or it is not kept', () => {
    const [base, small] = all as [Measured, Measured];
    const unsure = { ...small, latencyHighMs: 11 };
    const limits = { quality: { floor: 0.95 }, thresholdMs: 10 };
    assert.equal(outcome([base, unsure], limits).recommended, undefined);
    assert.match(
      outcome([base, unsure], limits).message,
      /meets 10 ms: the fastest takes 4\.00 ms, up to 11\.00 for certain/,
    );
    assert.equal(outcome([base, unsure], { ...limits, thresholdMs: 11 }).recommended, 'small');
  });

  test('never recommends what computes differently here', () => {
    const wrong = [point('base', 0.99, 20), point('small', 0.97, 4, false)];
    assert.equal(outcome(wrong, { quality: { floor: 0.9 }, thresholdMs: 10 }).recommended, undefined);
  });
});
