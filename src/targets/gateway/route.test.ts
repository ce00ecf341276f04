import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BackendRef, type HttpRoute, percentOf, split, whyNotSplit } from './route.ts';

const backends = { service: 'web', canary: 'web-retune-canary', baseline: 'web-retune-baseline' };

const aRoute = (...rules: BackendRef[][]): HttpRoute => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'web', namespace: 'default' },
  spec: { parentRefs: [{ name: 'gate' }], rules: rules.map((backendRefs, i) => ({ name: `rule-${i}`, backendRefs })) },
});

test('the canary and the baseline get the same, and the Service the rest', () => {
  const route = split(aRoute([{ name: 'web', port: 80, weight: 1 }]), backends, 10);
  assert.deepEqual(route.spec.rules?.[0]?.backendRefs, [
    { name: 'web', port: 80, weight: 80 },
    { name: backends.baseline, port: 80, weight: 10 },
    { name: backends.canary, port: 80, weight: 10 },
  ]);
});

const plain = { noNullPrototype: true };
const other = fc.record(
  { name: fc.constantFrom('other', 'more'), weight: fc.nat(10_000), port: fc.constant(80) },
  plain,
);
const own = fc.record(
  { name: fc.constant('web'), weight: fc.integer({ min: 1, max: 10_000 }), port: fc.constant(80) },
  plain,
);
const rule = fc.tuple(fc.array(other, { maxLength: 3 }), own).map(([others, mine]) => [...others, mine]);
const percents = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 6 });
const total = (refs: BackendRef[] = []) => refs.reduce((sum, { weight = 1 }) => sum + weight, 0);

test('whatever steps are gone through, the last one counts, others keep their share, and 0 puts all as it was', () => {
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), percents, (rules, steps) => {
      const route = aRoute(...rules);
      const after = steps.reduce((present, percent) => split(present, backends, percent), route);
      const last = steps.at(-1) ?? 0;
      assert.equal(percentOf(after, backends), last);
      assert.deepEqual(after, split(route, backends, last));
      assert.deepEqual(split(after, backends, 0), route);
      for (const [i, { backendRefs = [] }] of (after.spec.rules ?? []).entries()) {
        const factor = last === 0 ? 1 : 100;
        assert.equal(total(backendRefs), factor * total(rules[i]));
        for (const { weight = 1 } of backendRefs)
          assert.ok(Number.isInteger(weight) && weight >= 0 && weight <= 1_000_000);
        const others = backendRefs.filter(({ name }) => name === 'other' || name === 'more');
        assert.deepEqual(
          others.map(({ weight }) => weight),
          (rules[i] ?? []).filter(({ name }) => name !== 'web').map(({ weight = 1 }) => factor * weight),
        );
      }
    }),
  );
});

test('a weight that was left out is one', () => {
  const route = split(split(aRoute([{ name: 'web', port: 80 }]), backends, 25), backends, 0);
  assert.deepEqual(route.spec.rules?.[0]?.backendRefs, [{ name: 'web', port: 80, weight: 1 }]);
});

test('a rule that the Service was taken out of meanwhile loses what was added, and nothing else', () => {
  const route = split(
    aRoute([
      { name: 'web', port: 80 },
      { name: 'other', port: 80 },
    ]),
    backends,
    25,
  );
  const [rule] = route.spec.rules ?? [];
  const edited = aRoute((rule?.backendRefs ?? []).filter(({ name }) => name !== 'web'));
  assert.deepEqual(split(edited, backends, 0), aRoute([{ name: 'other', port: 80, weight: 100 }]));
});

test('what is no Service of the namespace is left alone', () => {
  const foreign = [
    { name: 'web', namespace: 'elsewhere', port: 80 },
    { group: 'example.com', kind: 'Bucket', name: 'web' },
  ];
  assert.deepEqual(split(aRoute(foreign), backends, 10), aRoute(foreign));
  assert.match(whyNotSplit(aRoute(foreign), backends) ?? '', /no rule of HTTPRoute web sends requests to Service web/);
});

test('what leaves no room is told beforehand', () => {
  assert.equal(whyNotSplit(aRoute([{ name: 'web', port: 80 }]), backends), undefined);
  assert.match(whyNotSplit(aRoute([{ name: 'web', weight: 10_001 }]), backends) ?? '', /weight above 10000/);
  const many = Array.from({ length: 14 }, (_, i) => ({ name: `other-${i}`, port: 80 }));
  assert.match(whyNotSplit(aRoute([...many, { name: 'web', port: 80 }]), backends) ?? '', /more than 14 backends/);
});
