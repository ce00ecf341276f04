import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LoadHistory, nearLoad, remember, slotCount, slotSeconds } from './near-load.ts';

const slotMs = 1000 * slotSeconds;
const played = (rates: number[]) =>
  rates.reduce<LoadHistory | undefined>((history, rate, i) => remember(history, i * slotMs, rate), undefined) ?? {
    slotMs: 0,
    peaks: [],
  };

test('a slot keeps the most that was seen in it', () => {
  let history = remember(undefined, 60_000, 5);
  history = remember(history, 65_000, 9);
  history = remember(history, 70_000, 7);
  assert.deepEqual(history, { slotMs: 60_000, peaks: [9] });
  assert.deepEqual(remember(history, 75_000, 1), { slotMs: 75_000, peaks: [9, 1] });
});

test('an outage is no lull, and a clock that goes back loses nothing', () => {
  const history = played([10, 20]);
  assert.deepEqual(remember(history, 4 * slotMs, 5).peaks, [10, 20, 20, 20, 5]);
  assert.deepEqual(remember(history, 0, 99), history);
});

test('the history stays bounded and forgets in ten minutes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(100_000), fc.nat(500)), { maxLength: 100 }), (steps) => {
      let at = 0;
      let history: LoadHistory | undefined;
      for (const [gap, rate] of steps) {
        at += gap;
        history = remember(history, at, rate);
        assert.ok(history.peaks.length <= slotCount && history.slotMs <= at && at - history.slotMs < slotMs);
      }
    }),
  );
  assert.equal(nearLoad(played([500, ...new Array<number>(slotCount).fill(10)]), 10, 90).nearPerSecond, 10);
});

test('a rise is carried on for as long as a rollout takes, a fall is not believed', () => {
  const rising = nearLoad(played([10, 12, 14, 16, 18, 20]), 20, 90);
  assert.deepEqual(rising, { peakPerSecond: 20, risingPerSecond: 32, nearPerSecond: 32 });
  assert.equal(nearLoad(played([20, 18, 16, 14]), 14, 90).nearPerSecond, 20);
});

test('one spike is no trend', () => {
  assert.equal(nearLoad(played([10, 10, 10, 80, 10, 10, 10]), 10, 90).risingPerSecond, 10);
});

test('what is near is never less than what is, and grows with it', () => {
  const rates = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { maxLength: 60 });
  const rate = fc.double({ min: 0, max: 1000, noNaN: true });
  fc.assert(
    fc.property(rates, rate, rate, (past, a, b) => {
      const near = (present: number) => nearLoad(played(past), present, 90).nearPerSecond;
      assert.ok(near(a) >= a);
      assert.ok(near(Math.min(a, b)) <= near(Math.max(a, b)));
    }),
  );
});
