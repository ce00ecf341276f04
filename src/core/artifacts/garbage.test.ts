import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestsIn, garbage, leastGraceMs, type StoredArtifact } from './garbage.ts';

const nowMs = Date.parse('2026-11-01T00:00:00Z');
const graceMs = 24 * 3_600_000;
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const artifact = fc.record({
  digest: hex.map((digits) => `sha256:${digits}`),
  sizeBytes: fc.nat(),
  modifiedMs: fc.oneof(
    fc.integer({ min: nowMs - 3 * graceMs, max: nowMs + graceMs }),
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NaN),
  ),
});
const stored = fc.uniqueArray(artifact, { selector: ({ digest }) => digest, maxLength: 20 });

/** Somewhere in an object of any shape: as a value, in a URI, in JSON in a string, as a key. */
const places: ((digest: string) => unknown)[] = [
  (digest) => ({ status: { artifact: { digest } } }),
  (digest) => ({
    spec: { template: { spec: { containers: [{ env: [{ name: 'M', value: `s3://b/sha256/${digest.slice(7)}` }] }] } } },
  }),
  (digest) => ({ env: [{ name: 'RETUNE_TASK', value: JSON.stringify({ baseline: { digest } }) }] }),
  (digest) => ({ status: { rollout: { previousUri: `oci://registry:5000/models:${digest.slice(7)}` } } }),
  (digest) => ({ annotations: { [`model/${digest}`]: '' } }),
  (digest) => [`file:///var/lib/retune/sha256/${digest.slice(7)}`],
];

test('what anything names, in whatever place, is kept; what is young is kept; all else goes', () => {
  fc.assert(
    fc.property(stored, fc.infiniteStream(fc.tuple(fc.boolean(), fc.nat(places.length - 1))), (artifacts, choices) => {
      const chosen = artifacts.map((each) => ({ each, choice: choices.next().value as [boolean, number] }));
      const naming = chosen.filter(({ choice: [isNamed] }) => isNamed);
      const objects = naming.map(({ each, choice: [, place] }) => places[place]?.(each.digest));
      const found = garbage({ stored: artifacts, named: digestsIn(objects), nowMs, graceMs });
      const named = new Set(naming.map(({ each }) => each.digest));
      const old = ({ modifiedMs }: StoredArtifact) => nowMs - modifiedMs > graceMs;
      const unnamed = artifacts.filter(({ digest }) => !named.has(digest));
      assert.deepEqual(found.remove, named.size > 0 ? unnamed.filter(old) : []);
      assert.equal(found.refused !== undefined, named.size === 0 && unnamed.some(old));
      assert.deepEqual([found.named, found.young], [named.size, unnamed.filter((each) => !old(each)).length]);
    }),
  );
});

test('naming more never removes more, and neither does a longer grace', () => {
  fc.assert(
    fc.property(stored, fc.nat(20), fc.nat(20), fc.nat(graceMs), (artifacts, few, more, longer) => {
      const named = (count: number) => new Set(artifacts.slice(0, count).map(({ digest }) => digest));
      const removed = (count: number, extraMs = 0) =>
        new Set(garbage({ stored: artifacts, named: named(count), nowMs, graceMs: graceMs + extraMs }).remove);
      const least = Math.max(1, few);
      assert.ok(removed(least + more).isSubsetOf(removed(least)));
      assert.ok(removed(least, longer).isSubsetOf(removed(least)));
    }),
  );
});

test('a grace of nothing is not taken', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const young = { digest, sizeBytes: 1, modifiedMs: nowMs - leastGraceMs + 1 };
  const other = { ...young, digest: `sha256:${'b'.repeat(64)}`, modifiedMs: 0 };
  const found = garbage({ stored: [young, other], named: new Set([other.digest]), nowMs, graceMs: 0 });
  assert.deepEqual([found.remove, found.young], [[], 1]);
});

test('longer runs of digits are no digests', () => {
  assert.deepEqual(digestsIn({ a: 'f'.repeat(65), b: 'f'.repeat(63), c: 'F'.repeat(64) }), new Set());
  assert.deepEqual(digestsIn(undefined), new Set());
});
