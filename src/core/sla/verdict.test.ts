import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
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

test('a threshold inside a wide bucket is judged only where its requests decide nothing', () => {
  const between = (fast: number, inside: number, slow: number) =>
    judge(
      { bounds: [10, 25, 100, Number.POSITIVE_INFINITY], counts: [0, fast, fast + inside, fast + inside + slow] },
      10,
      objective,
    );
  assert.equal(between(2000, 0, 0).verdict, 'Met');
  assert.equal(between(1000, 100, 500).verdict, 'Violated');
  const unknown = between(1000, 500, 0);
  assert.deepEqual([unknown.verdict, unknown.reason], ['NoData', 'BucketsTooWide']);
  assert.match(
    unknown.message,
    /inside the bucket from 25 ms to 100 ms with 33.3% .* set the threshold to 25 ms or 100 ms$/,
  );
});

test('beyond the last bound the buckets are named too', () => {
  const { message } = judge({ bounds: [10, Number.POSITIVE_INFINITY], counts: [800, 1000] }, 10, objective);
  assert.match(message, /from 10 ms to \+Inf with 20.0% .* set the threshold to 10 ms$/);
});

test('no verdict depends on where in its bucket a request was', () => {
  const samples = fc.array(fc.double({ min: 1, max: 200, noNaN: true }), { minLength: 200, maxLength: 400 });
  const bounds = [10, 20, 45, 90, 150, Number.POSITIVE_INFINITY];
  fc.assert(
    fc.property(samples, (times) => {
      const counts = bounds.map((upper) => times.filter((time) => time <= upper).length);
      const { verdict } = judge({ bounds, counts }, 10, objective);
      const truth = judge(
        { bounds: [50, Number.POSITIVE_INFINITY], counts: [times.filter((t) => t <= 50).length, times.length] },
        10,
        objective,
      );
      assert.ok(verdict === 'NoData' || verdict === truth.verdict, `${verdict} where it is ${truth.verdict}`);
    }),
  );
});
