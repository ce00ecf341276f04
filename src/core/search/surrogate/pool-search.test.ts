import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { hypervolume } from '../pareto.ts';
import { featuresOf } from './features.ts';
import { fit } from './hyperparameters.ts';
import { PoolSearch } from './pool-search.ts';
import { Columns, Distances, means, Uncertainty } from './prediction.ts';
import { condition, trianglePairs } from './process.ts';
import type { PoolTrial } from './trials.ts';

/** 4^5 candidates: what makes them good saturates, what they cost adds up. */
const pool = Array.from({ length: 4 ** 5 }, (_, i) => [...i.toString(4).padStart(5, '0')].map(Number));
const features = featuresOf([
  { rows: pool, standardise: true },
  { rows: pool.map((row) => row.flatMap((one) => [0, 1, 2, 3].map((k) => Number(one === k)))) },
]);
const objectives = pool.map((row) => {
  const [cost, worth] = row.reduce(([c, w], one, i) => [c + one * (i + 1), w + Math.sqrt(one) * (5 - i)], [5, 0]);
  return [cost, 30 - worth + 0.3 * Math.sin(7 * worth)];
});
const trial = (at: number): PoolTrial => ({ at, objectives: objectives[at] });
const everything = Uint32Array.from(pool.keys());
const at = [3, 77, 200, 512, 640, 900, 1001];
const values = at.map((i) => ((objectives[i]?.[0] ?? 0) - 25) / 10);
const noise = at.map(() => 0);

describe('Gaussian process', () => {
  test('a kernel that is fitted explains what was measured, and is least certain far away from it', () => {
    const fitted = fit(features, { at, values, noise });
    assert.ok(fitted);
    const { posterior } = fitted;
    const columns = new Columns(posterior.kernel, new Distances(features, everything));
    const expected = means(posterior, at, (of) => columns.of(of));
    for (const [i, one] of at.entries()) assert.ok(Math.abs((expected[one] ?? 0) - (values[i] ?? 0)) < 0.2);
    const { variances } = new Uncertainty(posterior, columns, at, everything, 0);
    const seen = Math.max(...at.map((one) => variances[one] ?? 0));
    assert.ok(Math.max(...variances) > 3 * seen);
  });

  test('taking a candidate to be measured leaves as much uncertainty as measuring it', () => {
    const kernel = { linear: [0.5, 0.2], rates: [0.4, 0.3], amplitude: 0.6, nugget: 0.01, shared: 0 };
    const columns = new Columns(kernel, new Distances(features, everything));
    const after = (some: number[]) => {
      const zeros = some.map(() => 0);
      const posterior = condition(kernel, trianglePairs(features, some), { at: some, values: zeros, noise: zeros });
      assert.ok(posterior);
      return new Uncertainty(posterior, columns, some, everything, 2);
    };
    const believed = after(at);
    for (const one of [444, 13]) believed.take(one);
    const { variances } = after([...at, 444, 13]);
    for (const [i, value] of variances.entries()) {
      if (i === 444 || i === 13) continue;
      assert.ok(Math.abs(value - (believed.variances[i] ?? 0)) < 1e-6);
    }
  });
});

describe('search over a pool', () => {
  const run = (search: () => PoolSearch, budget: number, seed: number, share = 0) => {
    const random = xoroshiro128plus(seed);
    const trials: PoolTrial[] = [];
    while (trials.length < budget) {
      const [found] = search().propose(trials, 1, seed);
      assert.ok(found);
      // Some fail: they have no objectives.
      trials.push(uniformInt(random, 1, 100) <= share ? { at: found.at } : trial(found.at));
    }
    return trials;
  };
  const volume = (trials: readonly PoolTrial[]) =>
    hypervolume(
      trials.map(({ objectives: one }) => one ?? []),
      [50, 30],
    );

  test('what it keeps between calls changes nothing', () => {
    const kept = new PoolSearch(features);
    const usual = run(() => kept, 30, 4, 20);
    assert.deepEqual(
      run(() => new PoolSearch(features), 30, 4, 20),
      usual,
    );
    const batch = kept.propose(usual, 6, 4);
    assert.deepEqual(new PoolSearch(features).propose(usual, 6, 4), batch);
    assert.equal(new Set([...usual, ...batch].map(({ at: one }) => one)).size, 36);
  });

  test('after 40 of 1,024 candidates it lacks a third of what chance lacks, and expects to gain less and less', () => {
    const whole = volume(pool.map((_, i) => trial(i)));
    const search = new PoolSearch(features);
    for (const seed of [1, 2, 3]) {
      const random = xoroshiro128plus(seed);
      const chance = Array.from({ length: 40 }, () => trial(uniformInt(random, 0, pool.length - 1)));
      const trials = run(() => search, 40, seed);
      assert.ok(whole - volume(trials) < (whole - volume(chance)) / 3, `${volume(trials) / whole}`);
      const [early] = search.propose(trials.slice(0, 8), 1, seed);
      const [late] = search.propose(trials, 1, seed);
      assert.ok((late?.gain ?? 1) < 0.2 * (early?.gain ?? 0));
    }
  });

  test('a limit keeps it from what is worth nothing', () => {
    const search = new PoolSearch(features, { reference: [20, 30] });
    const trials = run(() => search, 30, 6).slice(8);
    assert.ok(trials.filter(({ objectives: [cost = 0] = [] }) => cost <= 20).length >= 18);
  });

  test('noise that is known is smoothed over: it is not led astray by a lucky measurement', () => {
    const random = xoroshiro128plus(9);
    const search = new PoolSearch(features);
    const trials: PoolTrial[] = [];
    while (trials.length < 40) {
      const [found] = search.propose(trials, 1, 2);
      const [cost = 0, loss = 0] = objectives[found?.at ?? 0] ?? [];
      const off = () => 1 + (uniformInt(random, 0, 1000) - 500) / 2500;
      trials.push({ at: found?.at ?? 0, objectives: [cost * off(), loss * off()], errors: [0.12 * cost, 0.12 * loss] });
    }
    assert.ok(volume(trials.map(({ at: one }) => trial(one))) > 0.93 * volume(pool.map((_, i) => trial(i))));
  });
});
