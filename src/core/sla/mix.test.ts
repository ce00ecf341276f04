import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Demand, expectedTailMs, type Finalist } from './choice.ts';
import { chooseForMix } from './mix.ts';

const finalist = (variant: string, quality: number, p99Ms: number): Finalist => ({
  variant,
  digest: `sha256:${variant}`,
  modelUri: `file:///${variant}`,
  quality: { metric: 'Top1', value: quality, low: quality, high: quality, samples: 1000 },
  p99Ms,
  loadCurve: [
    { ratePerSecond: 500 / p99Ms, p99Ms: 2 * p99Ms },
    { ratePerSecond: 900 / p99Ms, p99Ms: 10 * p99Ms },
  ],
});
const demand: Demand = { ratePerSecond: 20, thresholdMs: 50, headroom: 0.2, quality: {}, refused: new Set() };
const fast = [finalist('base', 0.99, 5), finalist('small', 0.97, 1)];
const slow = [finalist('base', 0.99, 30), finalist('small', 0.97, 4)];
const old = [finalist('base', 0.99, 90), finalist('small', 0.97, 60)];

test('on one type the most accurate that fits it is chosen', () => {
  const choice = chooseForMix(new Map([['gpu', fast]]), new Map([['gpu', 2]]), demand);
  assert.equal(choice.kind === 'Fits' && choice.variant, 'base');
});

test('the slowest type that serves decides for all, and one without replicas does not', () => {
  const found = new Map([
    ['gpu', fast],
    ['cpu', slow],
  ]);
  const both = chooseForMix(
    found,
    new Map([
      ['gpu', 2],
      ['cpu', 1],
    ]),
    demand,
  );
  assert.equal(both.kind === 'Fits' && both.variant, 'small');
  const one = chooseForMix(
    found,
    new Map([
      ['gpu', 2],
      ['cpu', 0],
    ]),
    demand,
  );
  assert.equal(one.kind === 'Fits' && one.variant, 'base');
});

test('a type on which nothing fits is named, with the replicas that the others then need', () => {
  const found = new Map([
    ['gpu', fast],
    ['old', old],
  ]);
  const choice = chooseForMix(
    found,
    new Map([
      ['gpu', 1],
      ['old', 5],
    ]),
    demand,
  );
  // 120 requests a second at 100 or more a replica of base on the gpu type.
  assert.deepEqual(choice, { kind: 'SelectNodes', variant: 'base', keep: ['gpu'], avoid: ['old'], replicas: 1 });
});

test('a variant that was not measured on a type is not served there', () => {
  const found = new Map([
    ['gpu', fast],
    ['cpu', [finalist('other', 0.98, 1)]],
  ]);
  const choice = chooseForMix(
    found,
    new Map([
      ['gpu', 1],
      ['cpu', 1],
    ]),
    demand,
  );
  assert.equal(choice.kind, 'SelectNodes');
  assert.deepEqual(chooseForMix(new Map([['old', old]]), new Map([['old', 3]]), demand), { kind: 'NoneFits' });
});

test('what is chosen meets the threshold on every type that serves', () => {
  const ms = fc.double({ min: 0.5, max: 80, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(ms, ms, ms), { minLength: 1, maxLength: 3 }),
      fc.double({ min: 0, max: 300, noNaN: true }),
      (types, ratePerSecond) => {
        const qualities = [0.99, 0.98, 0.97];
        const found = new Map(
          types.map((row, i) => [`t${i}`, row.map((p99Ms, j) => finalist(`v${j}`, qualities[j] ?? 0, p99Ms))]),
        );
        const choice = chooseForMix(found, new Map(types.map((_, i) => [`t${i}`, i + 1])), {
          ...demand,
          ratePerSecond,
        });
        if (choice.kind !== 'Fits') return;
        assert.equal(choice.finalists.size, types.length);
        for (const one of choice.finalists.values()) assert.ok(expectedTailMs(one, ratePerSecond) <= 40 + 1e-6);
      },
    ),
  );
});
