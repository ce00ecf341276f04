import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './verdict.ts';

const objective = { quantile: 0.99, thresholdMs: 50, minSamples: 100 };
const window = (fast: number, slow: number) => ({
  bounds: [25, 50, 100, Number.POSITIVE_INFINITY],
  counts: [fast, fast, fast + slow, fast + slow],
});

test('too few requests are no data, not good news', () => {
  const { verdict, message } = judge(window(99, 0), 10, objective);
  assert.equal(verdict, 'NoData');
  assert.equal(message, '99 requests in the window are too few: a verdict needs 100');
});

test('the interval of the slow share decides, not its point', () => {
  assert.equal(judge(window(1000, 0), 10, objective).verdict, 'Met');
  assert.equal(judge(window(995, 5), 10, objective).verdict, 'Drifting');
  assert.equal(judge(window(9950, 50), 10, objective).verdict, 'Met');
  assert.equal(judge(window(985, 15), 10, objective).verdict, 'Drifting');
  assert.equal(judge(window(900, 100), 10, objective).verdict, 'Violated');
});

test('the burn rate is the slow share over the allowed one', () => {
  const { measured } = judge(window(900, 100), 10, objective);
  assert.equal(Math.round((measured.burnRate ?? 0) * 100) / 100, 10);
  assert.equal(measured.ratePerSecond, 100);
});
