import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { difference, pairedRatio } from './paired.ts';
import { quantile, quantileInterval, summarize } from './quantile.ts';
import { loadCurve, tailAtRate } from './queue-simulation.ts';

const noise = (seed: number) => {
  const random = xoroshiro128plus(seed);
  return () => uniformFloat64(random);
};

test('quantiles are values that were seen', () => {
  const values = Float64Array.from({ length: 1000 }, (_, i) => i + 1);
  assert.deepEqual([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)], [500, 990, 1000]);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('the interval of a p99 covers the truth about 95 times in 100', () => {
  const random = noise(3);
  let covered = 0;
  for (let run = 0; run < 400; run++) {
    const sample = Float64Array.from({ length: 1000 }, random).sort();
    const { low, high } = quantileInterval(sample, 0.99);
    if (low <= 0.99 && 0.99 <= high) covered += 1;
  }
  assert.ok(covered >= 372 && covered <= 398, `${covered} of 400`);
});

test('a summary keeps the order of its percentiles', () => {
  const s = summarize(Float64Array.from({ length: 2000 }, noise(1)));
  const rising = [s.p50Ms, s.p90Ms, s.p99LowMs, s.p99Ms, s.p99HighMs];
  assert.deepEqual(rising.toSorted(), rising);
  assert.throws(() => summarize([]), /needs samples/);
});

/** Pairs around a true ratio; a neighbour slows some of them, sometimes one side alone. */
function pairs(ratio: number, count: number, seed: number) {
  const random = noise(seed);
  return Array.from({ length: count }, () => {
    const neighbour = random() < 0.3 ? 1.5 : 1;
    const half = random() < 0.1 ? 1.4 : 1;
    const jitter = () => 1 + 0.02 * (random() - 0.5);
    const [a, b] = random() < 0.5 ? [half, 1] : [1, half];
    return { candidateMs: ratio * neighbour * jitter() * a, baselineMs: neighbour * jitter() * b };
  });
}

test('a neighbour makes no difference out of none, and a true one is found', () => {
  const claims = (ratio: number) =>
    Array.from({ length: 200 }, (_, seed) => difference(pairedRatio(pairs(ratio, 40, seed)), 0.01)).filter(
      (claim) => claim !== 'CannotTell',
    ).length;
  assert.ok(claims(1) <= 2);
  assert.ok(claims(1.03) >= 195);
});

test('too few pairs claim nothing', () => {
  assert.deepEqual(pairedRatio(pairs(2, 5, 1)).low, 0);
  assert.equal(difference(pairedRatio(pairs(2, 5, 1)), 0.01), 'CannotTell');
});

test('the simulated queue agrees with theory and grows with load', () => {
  const random = noise(5);
  const exponential = Float64Array.from({ length: 20_000 }, () => -10 * Math.log(1 - random()));
  // M/M/1: the time in system is exponential with mean 1 / (mu - lambda); its p99 is ln(100) times that.
  const theory = Math.log(100) * (1000 / (100 - 50));
  assert.ok(Math.abs(tailAtRate(exponential, 50, 1) / theory - 1) < 0.12);
  const tails = loadCurve(exponential).map(({ p99Ms }) => p99Ms);
  assert.deepEqual(
    tails.toSorted((a, b) => a - b),
    tails,
  );
});
