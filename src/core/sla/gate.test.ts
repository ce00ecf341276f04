import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FrontPoint } from '../../api/nas-search.ts';
import { gate, type Shipped } from './gate.ts';

const top1 = (value: number) => ({ metric: 'Top1' as const, value, low: value, high: value, samples: 1000 });
const model: Shipped = {
  ...{ quality: top1(0.97), p99Ms: 10, p99LowMs: 9, p99HighMs: 12 },
  loadCurve: [
    { ratePerSecond: 20, p99Ms: 15 },
    { ratePerSecond: 50, p99Ms: 40 },
  ],
};
const point = (variant: string, quality: number, p99Ms: number): FrontPoint => ({
  ...{ variant, quality, p50Ms: p99Ms, p99Ms, p99LowMs: p99Ms, p99HighMs: p99Ms, sizeBytes: 1, label: variant },
});
const verdicts = (...args: Parameters<typeof gate>) =>
  Object.fromEntries(gate(...args).map(({ check, verdict }) => [check, verdict]));

test('a model that keeps everything passes, and only what is asked is checked', () => {
  const front = [point('small', 0.95, 3), point('base', 0.98, 20)];
  const all = { quality: { floor: 0.96 }, thresholdMs: 16, ratePerSecond: 20, front };
  assert.deepEqual(verdicts(model, all), { quality: 'Pass', latency: 'Pass', load: 'Pass', front: 'Pass' });
  assert.deepEqual(verdicts(model, { quality: {} }), {});
});

test('too inaccurate, too slow, too slow under load, or behind the front', () => {
  assert.deepEqual(verdicts(model, { quality: { maxDrop: 0.01, base: top1(0.99) } }), { quality: 'Fail' });
  assert.deepEqual(verdicts(model, { quality: {}, thresholdMs: 8 }), { latency: 'Fail' });
  assert.deepEqual(verdicts(model, { quality: {}, thresholdMs: 11 }), { latency: 'CannotTell' });
  const loaded = { quality: {}, thresholdMs: 20, ratePerSecond: 60 };
  assert.deepEqual(verdicts(model, loaded), { latency: 'Pass', load: 'Fail' });
  assert.match(gate(model, loaded)[1]?.message ?? '', /more arrives than it can answer at 60.0 requests\/s/);
  assert.deepEqual(verdicts(model, { quality: {}, front: [point('better', 0.97, 8)] }), { front: 'Fail' });
  assert.deepEqual(verdicts(model, { quality: {}, front: [point('alike', 0.97, 9.5)] }), { front: 'Pass' });
});
