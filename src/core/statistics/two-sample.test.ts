import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { compareHistograms } from './two-sample.ts';

const bounds = [10, 25, 50, Number.POSITIVE_INFINITY];
const options = { percentile: 0.99, thresholdMs: 50, looks: 60, alpha: 0.01 };

test('of a canary equal to its baseline, looked at sixty times, a difference is claimed in at most 1 of 100 rollouts', () => {
  const random = xoroshiro128plus(1);
  const slow = 0.05;
  let claims = 0;
  for (let rollout = 0; rollout < 300; rollout++) {
    const canary = { bounds, counts: [0, 0, 0, 0] };
    const baseline = { bounds, counts: [0, 0, 0, 0] };
    for (let look = 0; look < options.looks; look++) {
      for (const { counts } of [canary, baseline]) {
        for (let i = 0; i < 30; i++) {
          const over = uniformFloat64(random) < slow;
          counts[3] = (counts[3] ?? 0) + 1;
          if (!over) counts[2] = (counts[2] ?? 0) + 1;
        }
      }
      if (compareHistograms(canary, baseline, options).verdict !== 'CannotTell') {
        claims++;
        break;
      }
    }
  }
  assert.ok(claims <= 3, `${claims} of 300`);
});

test('a canary that ends a breach is found better with a hundred requests, and one that makes one worse', () => {
  const fine = { bounds, counts: [90, 100, 100, 100] };
  const breached = { bounds, counts: [10, 20, 40, 100] };
  assert.equal(compareHistograms(fine, breached, options).verdict, 'Better');
  assert.equal(compareHistograms(breached, fine, options).verdict, 'Worse');
});
