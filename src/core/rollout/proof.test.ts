import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Side } from './compare.ts';
import { proveAlone } from './proof.ts';

const objective = { quantile: 0.99, thresholdMs: 50, minSamples: 100 };
const load = { ratePerSecond: 40, carriesPerSecond: 60 };

const served = (slow: number, of: number, failed = 0): Side => ({
  histogram: { bounds: [50, Number.POSITIVE_INFINITY], counts: [of - slow, of] },
  failures: { failed, of },
});

test('enough requests, of which no more are slow than allowed, are a proof', () => {
  assert.equal(proveAlone(served(0, 60), objective, load).verdict, 'CannotTell');
  assert.equal(proveAlone(served(0, 400), objective, load).verdict, 'Pass');
  assert.equal(proveAlone(served(9, 400), objective, load).verdict, 'CannotTell');
});

test('too many slow or failed requests at a load that it was measured to carry disprove it', () => {
  const slow = proveAlone(served(20, 100), objective, load);
  assert.deepEqual([slow.verdict, /40\.0 requests\/s a replica: p99/.test(slow.evidence)], ['Fail', true]);
  assert.equal(proveAlone(served(2, 30), objective, load).verdict, 'CannotTell');
  const failed = proveAlone(served(0, 200, 30), objective, load);
  assert.deepEqual([failed.verdict, /failed 30 of 200/.test(failed.evidence)], ['Fail', true]);
});

test('a load beyond what it was measured to carry says nothing about it', () => {
  const outgrown = proveAlone(served(100, 100), objective, { ratePerSecond: 90, carriesPerSecond: 60 });
  assert.deepEqual([outgrown.verdict, /outgrown/.test(outgrown.evidence)], ['Pass', true]);
  assert.equal(proveAlone(served(100, 100), objective, { ratePerSecond: 90 }).verdict, 'Fail');
});
