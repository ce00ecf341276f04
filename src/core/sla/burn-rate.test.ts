import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ErrorBudget } from '../../api/sla-counts.ts';
import { burnEvidence, spend } from './burn-rate.ts';

const thirtyDays = 30 * 86_400;
const budget = { of: 'P99 50ms', allowed: 0.01, periodSeconds: thirtyDays };
/** Every five minutes so many requests with such a share of slow ones. */
function traffic(minutes: number, share: number, before?: ErrorBudget, requests = 1000): ErrorBudget {
  let after = before;
  for (let i = 0; i < minutes / 5; i++)
    after = spend(after, { seconds: 300, requests, slow: share * requests }, budget);
  if (!after) throw new Error('no traffic');
  return after;
}
const days = (n: number) => n * 24 * 60;

test('traffic that just lasts burns at one everywhere and leaves nothing at the end of the period', () => {
  const after = traffic(days(30), 0.01);
  for (const { burnRate } of after.windows) assert.ok(Math.abs(burnRate - 1) < 1e-9);
  assert.ok(Math.abs(after.left) < 1e-9);
  assert.equal(traffic(days(15), 0.01).left.toFixed(2), '0.50');
});

test('an outage burns fast within the hour, and an old one no longer', () => {
  const calm = traffic(days(4), 0.001);
  assert.equal(calm.burning, undefined);
  const outage = traffic(30, 0.5, calm);
  assert.equal(outage.burning, 'Fast');
  assert.match(
    burnEvidence(outage),
    /^the error budget is spent [0-9.]+ times too fast over 60 min and .* over 5 min; \d+% of it is left$/,
  );
  const over = traffic(60, 0, outage);
  assert.notEqual(over.burning, 'Fast');
});

test('both windows of a pair must burn: a short slow spell after calm days is none', () => {
  assert.equal(traffic(5, 0.1, traffic(days(4), 0)).burning, undefined);
});

test('a slow leak is reported as slow', () => {
  assert.equal(traffic(days(4), 0.015).burning, 'Slow');
});

test('a first slow minute, and a handful of requests, alarm nobody', () => {
  assert.equal(spend(undefined, { seconds: 10, requests: 500, slow: 100 }, budget).burning, undefined);
  assert.equal(traffic(days(1), 0.5, undefined, 0.01).burning, undefined);
});

test('a budget of another period starts anew, and silence spends nothing', () => {
  const spent = traffic(days(2), 0.05);
  const other = spend(spent, { seconds: 5, requests: 0, slow: 0 }, { ...budget, periodSeconds: 86_400 });
  assert.deepEqual([other.left, other.burning], [1, undefined]);
  assert.ok(
    traffic(days(1), 0, spent, 0).windows.every(
      ({ burnRate }, i) => burnRate <= (spent.windows[i]?.burnRate ?? 0) + 1e-9,
    ),
  );
});

test('splitting an interval of steady traffic changes nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), (parts, share) => {
      const start = traffic(60, 0.02);
      const whole = spend(start, { seconds: 600, requests: 900, slow: 900 * share }, budget);
      let split = start;
      for (let i = 0; i < parts; i++) {
        split = spend(split, { seconds: 600 / parts, requests: 900 / parts, slow: (900 * share) / parts }, budget);
      }
      for (const [i, { requests, slow }] of whole.windows.entries()) {
        assert.ok(Math.abs(requests - (split.windows[i]?.requests ?? 0)) < 1e-6 * (1 + requests));
        assert.ok(Math.abs(slow - (split.windows[i]?.slow ?? 0)) < 1e-6 * (1 + slow));
      }
      assert.ok(Math.abs(whole.left - split.left) < 1e-9);
    }),
  );
});

test('more slow requests never leave more of the budget', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, (a, b) => {
      const after = (slow: number) =>
        spend(traffic(60, 0.01), { seconds: 60, requests: 100, slow: 100 * slow }, budget);
      assert.ok(after(Math.max(a, b)).left <= after(Math.min(a, b)).left + 1e-12);
    }),
  );
});
