import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareTracks } from './compare.ts';
import { aReading } from './fixtures.ts';

const objective = { quantile: 0.99, thresholdMs: 50, minSamples: 100 };
const verdictOf = (sides: Parameters<typeof compareTracks>[0]) => compareTracks(sides, objective);

test('a source that can not be read is told from one that has nothing yet', () => {
  const outage = { kind: 'Unreachable', message: 'Prometheus did not answer' } as const;
  const nothing = { kind: 'NoData', message: 'no series yet' } as const;
  assert.deepEqual(verdictOf({ canary: outage, baseline: outage }), {
    ...{ verdict: 'CannotTell', evidence: 'Prometheus did not answer', blind: true },
  });
  assert.equal(verdictOf({ canary: nothing, baseline: aReading(300, 0) }).blind, false);
  assert.match(verdictOf({}).evidence, /has not begun/);
});

test('a fast canary whose source counts its errors fails by them', () => {
  const canary = { ...aReading(300, 0), failures: { failed: 60, of: 300 } };
  const baseline = { ...aReading(300, 150), failures: { failed: 0, of: 300 } };
  const { verdict, evidence } = verdictOf({ canary, baseline });
  assert.deepEqual([verdict, evidence], ['Fail', 'canary failed 60 of 300 requests, baseline 0 of 300']);
  assert.equal(
    verdictOf({ canary: aReading(300, 0), baseline }).verdict,
    'Pass',
    'where none are counted, time decides',
  );
});
