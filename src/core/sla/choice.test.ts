import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { choose, demandedRate, expectedTailMs, type Finalist } from './choice.ts';

const curve = (...points: [number, number][]) => points.map(([ratePerSecond, p99Ms]) => ({ ratePerSecond, p99Ms }));
const finalist = (variant: string, quality: number, p99Ms: number, loadCurve: Finalist['loadCurve']): Finalist => ({
  variant,
  digest: `sha256:${variant}`,
  modelUri: `file:///${variant}`,
  quality: { metric: 'Top1', value: quality, low: quality, high: quality, samples: 1000 },
  p99Ms,
  loadCurve,
});

const base = finalist('base', 0.98, 12, curve([10, 14], [40, 30], [70, 120]));
const small = finalist('small', 0.95, 3, curve([50, 4], [200, 9], [300, 40]));
const demand = {
  ratePerSecond: 20,
  thresholdMs: 50,
  headroom: 0.2,
  quality: { floor: 0.9 },
  refused: new Set<string>(),
};

test('the tail is read off the load curve and has no bound beyond it', () => {
  assert.equal(expectedTailMs(base, 10), 14);
  assert.equal(expectedTailMs(base, 25), 22);
  assert.equal(expectedTailMs(base, 71), Number.POSITIVE_INFINITY);
});

test('the most accurate that fits is chosen, a smaller one when load grows, and none rather than a guess', () => {
  assert.equal(choose([small, base], demand)?.variant, 'base');
  assert.equal(choose([small, base], { ...demand, ratePerSecond: 100 })?.variant, 'small');
  assert.equal(choose([small, base], { ...demand, ratePerSecond: 1000 }), undefined);
});

test('refused digests and too low quality are never chosen', () => {
  assert.equal(choose([small, base], { ...demand, refused: new Set([base.digest]) })?.variant, 'small');
  assert.equal(choose([small], { ...demand, quality: { floor: 0.96 } }), undefined);
});

test('at saturation the true rate is unknown and taken to be twice what completes', () => {
  assert.equal(demandedRate(30, 70), 30);
  assert.equal(demandedRate(69, 70), 138);
});

test('more load never makes the choice more accurate', () => {
  const rate = fc.double({ min: 0, max: 500, noNaN: true });
  fc.assert(
    fc.property(rate, rate, (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      const relaxed = choose([small, base], { ...demand, ratePerSecond: low });
      const pressed = choose([small, base], { ...demand, ratePerSecond: high });
      assert.ok((relaxed?.quality.value ?? 0) >= (pressed?.quality.value ?? 0));
    }),
  );
});
