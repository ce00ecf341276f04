import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose, type Evidence } from './cause.ts';

/** A variant that was measured to take 20 ms at this load, 13 without, and to carry 70 a second; it takes 55 now. */
const evidence: Evidence = {
  ...{ thresholdMs: 50, previousThresholdMs: 50, previousVerdict: 'Met', ratePerSecond: 20, percentileMs: 55 },
  ...{ expectedMs: 20, unloadedMs: 13, capacityPerSecond: 70, isKnownModel: true },
  ...{ modelUri: 'file:///a', accelerator: 'cpu', generation: 1 },
  lastMet: { ratePerSecond: 20, elementsPerRequest: 100, modelUri: 'file:///a', accelerator: 'cpu', generation: 1 },
  signals: { throttledShare: 0, waitShare: 0.01, elementsPerRequest: 100 },
};
const found = (change: Partial<Evidence>) => diagnose({ ...evidence, ...change });
const cause = (change: Partial<Evidence>) => found(change).cause;

test('what people did comes before what machines did', () => {
  assert.equal(cause({ thresholdMs: 15, percentileMs: 20 }), 'SlaTightened');
  assert.equal(cause({ modelUri: 'file:///b' }), 'ModelChanged');
  assert.match(
    found({ modelUri: 'file:///b', isKnownModel: false }).message,
    /file:\/\/\/b is served since file:\/\/\/a met the SLA, which the search does not know: name it as spec.model/,
  );
  assert.equal(cause({ unloadedMs: 80 }), 'ModelChanged');
});

test('pods on other machines, or machines that are others by now', () => {
  assert.match(found({ accelerator: 'gpu' }).message, /the pods run on gpu, and on cpu before/);
  assert.equal(cause({ generation: 2 }), 'HardwareChanged');
});

test('load, by the curve where there is one and by what came before', () => {
  assert.equal(cause({ ratePerSecond: 69, expectedMs: Number.POSITIVE_INFINITY, percentileMs: 900 }), 'Load');
  assert.equal(cause({ lastMet: { ratePerSecond: 10 } }), 'Load');
  // At its capacity a replica stands at its limit too.
  assert.equal(cause({ ratePerSecond: 69, signals: { throttledShare: 0.4 } }), 'Load');
});

test('a limit, larger requests and neighbours are told by what the pods say of themselves, and what to do is said', () => {
  const throttled = found({ signals: { throttledShare: 0.3 } });
  assert.equal(throttled.cause, 'Throttling');
  assert.match(throttled.message, /at their CPU limit 30% of the time: .* raise resources.limits.cpu/);
  assert.equal(cause({ signals: { elementsPerRequest: 150 } }), 'InputChanged');
  assert.equal(cause({ signals: { throttledShare: 0, waitShare: 0.3 } }), 'NoisyNeighbour');
});

test('what nothing explains is not guessed at', () => {
  assert.equal(cause({}), 'Unknown');
  assert.match(found({}).message, /p99 is 55.0 ms where 20.0 ms was measured .* neither the CPU limit nor neighbours/);
  assert.equal(cause({ signals: undefined, percentileMs: 120 }), 'Throttling');
  assert.equal(cause({ percentileMs: 120, settling: true }), 'Unknown');
  assert.equal(cause({ percentileMs: 39, expectedMs: undefined, capacityPerSecond: undefined }), 'Unknown');
});
