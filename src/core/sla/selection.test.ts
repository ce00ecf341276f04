import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lossOf } from '../quality/metric.ts';
import { expectedTailMs, type Finalist } from './choice.ts';
import { carriers, pickCarrier, rateWithin, replicasNeeded } from './headway.ts';
import { returnMargin, type Situation, select } from './selection.ts';

const finalist = (variant: string, quality: number, serviceMs: number, halfWidth = 0): Finalist => ({
  variant,
  digest: `sha256:${variant}`,
  modelUri: `file:///${variant}`,
  quality: { metric: 'Top1', value: quality, low: quality - halfWidth, high: quality + halfWidth, samples: 1000 },
  p99Ms: serviceMs,
  // The shape of a queue: the tail grows as one over what is left of the capacity.
  loadCurve: [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95].map((share) => ({
    ratePerSecond: (share * 1000) / serviceMs,
    p99Ms: serviceMs / (1 - share),
  })),
});
const base = finalist('base', 0.99, 20);
const half = finalist('half', 0.985, 10);
const small = finalist('small', 0.96, 2);
const all = [base, half, small];
const situation: Situation = {
  replicas: 2,
  presentPerSecond: 20,
  nearPerSecond: 20,
  violated: false,
  thresholdMs: 50,
  headroom: 0.2,
  quality: {},
  refused: new Set(),
};
const at = (presentPerSecond: number, change: Partial<Situation> = {}): Situation => ({
  ...situation,
  presentPerSecond,
  nearPerSecond: presentPerSecond,
  ...change,
});

const aFinalist = fc
  .record({
    quality: fc.double({ min: 0.5, max: 1, noNaN: true }),
    serviceMs: fc.double({ min: 0.5, max: 100, noNaN: true }),
    halfWidth: fc.double({ min: 0, max: 0.05, noNaN: true }),
  })
  .map(({ quality, serviceMs, halfWidth }) => ({ quality, serviceMs, halfWidth }));
const someFinalists = fc
  .array(aFinalist, { minLength: 1, maxLength: 6 })
  .map((made) => made.map((one, i) => finalist(`v${i}`, one.quality, one.serviceMs, one.halfWidth)));
const rate = fc.double({ min: 0, max: 1000, noNaN: true });

test('the rate within a limit lies on the curve, and is none where an idle replica is slower', () => {
  assert.equal(rateWithin(base, 40), 25);
  assert.equal(rateWithin(base, 10), 0);
  assert.equal(rateWithin({ p99Ms: 5, loadCurve: [{ ratePerSecond: 10, p99Ms: 6 }] }, 100), 10);
});

test('up to the rate within a limit, and only up to it, the curve is within it', () => {
  fc.assert(
    fc.property(someFinalists, fc.double({ min: 1, max: 500, noNaN: true }), ([one], limitMs) => {
      if (!one) return;
      const within = rateWithin(one, limitMs);
      if (within > 0) assert.ok(expectedTailMs(one, 0.999 * within) <= limitMs + 1e-6);
      const beyond = expectedTailMs(one, 1.001 * within + 1e-6);
      assert.ok(within === 0 || beyond >= limitMs - 1e-6);
    }),
  );
});

test('of qualities that can not be told apart the best with room to spare is taken, else the one with the most room', () => {
  const same = [finalist('a', 0.99, 20, 0.004), finalist('b', 0.989, 8, 0.004), finalist('c', 0.98, 2, 0.004)];
  const pickedAt = (perSecond: number) => pickCarrier(carriers(same, situation), perSecond)?.finalist.variant;
  // Within 40 ms they carry 25, 100 and 475 requests a second.
  assert.equal(pickedAt(8), 'a');
  assert.equal(pickedAt(9), 'b');
  assert.equal(pickedAt(99), 'b');
  assert.equal(pickedAt(101), 'c');
});

test('more load never makes what is picked more accurate', () => {
  fc.assert(
    fc.property(someFinalists, rate, rate, (made, a, b) => {
      const loss = (perSecond: number) => {
        const picked = pickCarrier(carriers(made, situation), perSecond);
        return picked ? lossOf(picked.finalist.quality) : Number.POSITIVE_INFINITY;
      };
      assert.ok(loss(Math.min(a, b)) <= loss(Math.max(a, b)));
    }),
  );
});

test('a variant that its own curve says is violated is never chosen, present or near', () => {
  fc.assert(
    fc.property(someFinalists, rate, rate, fc.boolean(), fc.nat(5), (made, a, b, violated, which) => {
      const asked = at(Math.min(a, b), { nearPerSecond: Math.max(a, b), violated });
      const selection = select(made, made[which], asked);
      if (selection.kind !== 'Faster' && selection.kind !== 'MoreAccurate') return;
      const tailMs = expectedTailMs(selection.finalist, asked.presentPerSecond / asked.replicas);
      assert.ok(tailMs <= (1 - asked.headroom) * asked.thresholdMs + 1e-6);
      if (selection.kind === 'MoreAccurate') {
        const near = expectedTailMs(selection.finalist, asked.nearPerSecond / asked.replicas);
        assert.ok(near <= (1 - asked.headroom) * asked.thresholdMs + 1e-6);
      }
    }),
  );
});

test('a growing load is left for before it is there, and the fastest serves where none carries what may come', () => {
  const near = select(all, base, at(20, { nearPerSecond: 60 }));
  assert.deepEqual(near.kind === 'Faster' && near.finalist.variant, 'half');
  const beyond = select(all, base, at(20, { nearPerSecond: 100_000 }));
  assert.deepEqual(beyond.kind === 'Faster' && beyond.finalist.variant, 'small');
  assert.equal(select(all, small, at(20, { nearPerSecond: 100_000 })).kind, 'Stay');
});

test('where none carries the present load, the replicas at which the most accurate would are told', () => {
  const asked = at(2000, { violated: true });
  assert.deepEqual(select(all, base, asked), { kind: 'NoneFits', advice: { variant: 'base', replicas: 80 } });
  assert.equal(replicasNeeded(all, 50, situation)?.replicas, 2);
  assert.equal(replicasNeeded(all, 51, situation)?.replicas, 3);
  assert.equal(replicasNeeded(all, 51, { ...situation, thresholdMs: 1 }), undefined);
});

test('with the replicas that were advised something is chosen that is no worse than what was advised', () => {
  fc.assert(
    fc.property(someFinalists, fc.double({ min: 1, max: 5000, noNaN: true }), (made, total) => {
      const advice = replicasNeeded(made, total, situation);
      if (!advice) return;
      const picked = pickCarrier(carriers(made, situation), (total / advice.replicas) * (1 - 1e-9));
      const advised = made.find(({ variant }) => variant === advice.variant);
      assert.ok(picked && advised && lossOf(picked.finalist.quality) <= lossOf(advised.quality));
    }),
  );
});

test('what is met and unknown is left alone', () => {
  assert.equal(select(all, undefined, at(20)).kind, 'Stay');
  assert.equal(select(all, undefined, at(20, { violated: true })).kind, 'Faster');
});

test('a load that goes up and down within the band of the two thresholds changes the variant at most once', () => {
  const leave = (one: Finalist) => 2 * rateWithin(one, 40);
  const back = (one: Finalist) => (2 * rateWithin(one, 30)) / returnMargin;
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(share, { minLength: 2, maxLength: 60 }),
      fc.constantFrom(base, half, small),
      (shares, first) => {
        let active = first;
        let switches = 0;
        for (const one of shares) {
          const selection = select(all, active, at(back(base) + one * (leave(base) - back(base))));
          if (selection.kind !== 'Faster' && selection.kind !== 'MoreAccurate') continue;
          active = selection.finalist;
          switches++;
        }
        assert.ok(switches <= 1, `${switches} switches`);
      },
    ),
  );
});

test('a load that stays as it is changes the variant at most once', () => {
  fc.assert(
    fc.property(someFinalists, fc.nat(5), rate, (made, which, perSecond) => {
      let active = made[which];
      let switches = 0;
      for (let i = 0; i < 10; i++) {
        const selection = select(made, active, at(perSecond));
        if (selection.kind !== 'Faster' && selection.kind !== 'MoreAccurate') break;
        active = selection.finalist;
        switches++;
      }
      assert.ok(switches <= 2, `${switches} switches`);
    }),
  );
});
