import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetuneTrigger } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { decide } from './decide.ts';
import { anSla, aReading, aSnapshot, nowMs } from './fixtures.ts';
import type { SlaSnapshot } from './gather.ts';
import { followUpSearch } from './retune.ts';

const created = new Date(nowMs - 3_600_000).toISOString();
const retune = { triggers: [...RetuneTrigger.options], cooldown: '1h', modelCheck: '6h' };
const with_ = (change: object, status?: object) => {
  const sla = anSla({ retune: { ...retune, ...change } }, status);
  return { ...sla, metadata: { ...sla.metadata, creationTimestamp: created } };
};
/** Far more than any variant carries. */
const flooded = { production: aReading(30_000, 6000) };

/** The workload of the fixture with another image. */
function withImage(snapshot: SlaSnapshot, image: string): SlaSnapshot {
  if (snapshot.workload.kind !== 'Found') throw new Error('fixture');
  return { ...snapshot, workload: { kind: 'Found', target: { ...snapshot.workload.target, image } } };
}

test('where no variant fits, a search is started once, and waited for', () => {
  const sla = with_({ triggers: ['NoVariantFits'] });
  const { status, events } = decide(aSnapshot({ sla, ...flooded }), nowMs);
  assert.equal(status.retune?.trigger, 'NoVariantFits');
  assert.ok(events.some(({ reason }) => reason === 'SearchStarted'));
  const next = decide(aSnapshot({ sla: { ...sla, status }, ...flooded }), nowMs + 7_200_000);
  assert.deepEqual(next.status.retune, status.retune, 'its object is not there yet');
});

test('a new image, and a moment of the schedule, start one; a bad schedule is said to be one', () => {
  const calm = { production: aReading(300, 0) };
  const known = decide(withImage(aSnapshot({ sla: with_({}), ...calm }), 'app:1'), nowMs).status;
  assert.deepEqual([known.image, known.retune], ['app:1', undefined]);
  const updated = decide(withImage(aSnapshot({ sla: with_({}, known), ...calm }), 'app:2'), nowMs).status;
  assert.deepEqual([updated.image, updated.retune?.trigger], ['app:2', 'ModelChanged']);
  const due = decide(aSnapshot({ sla: with_({ schedule: '*/30 * * * *' }), ...calm }), nowMs).status;
  assert.equal(due.retune?.trigger, 'Scheduled');
  const bad = decide(aSnapshot({ sla: with_({ schedule: 'weekly' }), ...calm }), nowMs).status;
  assert.match(
    findCondition(bad.conditions, 'Scheduled')?.message ?? '',
    /^spec\.retune\.schedule: "weekly" is no schedule/,
  );
});

test('the search is like the one that is named, with the threshold less headroom as its limit', () => {
  const { search } = aSnapshot();
  if (!search) throw new Error('fixture');
  const started = { search: 'web-abc', trigger: 'NoVariantFits' as const, started: created, thresholdMs: 50 };
  const made = followUpSearch(with_({}), search, started);
  assert.deepEqual(made.spec, {
    ...search.spec,
    ...{ start: 'Immediately', suspend: false, latency: { ...search.spec.latency, threshold: '40ms' } },
  });
  assert.equal(made.metadata.ownerReferences?.[0]?.kind, 'LatencySLA');
});

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
/** A search of the fixture with what it searched and what was found since. */
function searched(snapshot: SlaSnapshot, name: string, was: string | undefined, is?: string): NASSearch {
  const { search } = snapshot;
  if (!search) throw new Error('fixture');
  const modelDigest = was && digest(was);
  const modelCheck = is ? { digest: digest(is) } : undefined;
  return { ...search, metadata: { ...search.metadata, name }, status: { ...search.status, modelDigest, modelCheck } };
}

test('a base model that was overwritten starts one search, and another one when it is overwritten again', () => {
  const calm = aSnapshot({ sla: with_({}), production: aReading(300, 0) });
  const after = (hours: number, named: NASSearch, followUp?: NASSearch, sla = with_({})) =>
    decide({ ...calm, sla, named, search: followUp ?? named, followUp }, nowMs + 3_600_000 * hours).status;
  assert.equal(after(0, searched(calm, 'search', 'a')).retune, undefined, 'nobody has looked');
  assert.equal(after(0, searched(calm, 'search', undefined, 'b')).retune, undefined, 'it knows of no digest');
  assert.equal(after(0, searched(calm, 'search', 'a', 'a')).retune, undefined);
  const named = searched(calm, 'search', 'a', 'b');
  const first = after(0, named);
  assert.deepEqual([first.retune?.trigger, first.retune?.modelDigest], ['ModelChanged', digest('b')]);
  const name = first.retune?.search ?? '';
  const later = (was: string | undefined, is?: string) =>
    after(2, named, searched(calm, name, was, is), with_({}, first)).retune;
  assert.deepEqual(later('b'), first.retune);
  assert.deepEqual(later('b', 'b'), first.retune);
  assert.deepEqual(later(undefined, 'b'), first.retune, 'what can not be searched is not searched again');
  const again = later('b', 'c');
  assert.deepEqual([again?.trigger, again?.before, again?.modelDigest], ['ModelChanged', name, digest('c')]);
  assert.deepEqual(later(undefined, 'c')?.modelDigest, digest('c'), 'it was mended since');
});

test('a drift starts a search once the variant has served for a quarter of an hour', () => {
  const chart = {
    ...{ ratio: 1, shiftedShare: 0.7, dispersion: 2, block: { seconds: 0, deviation: 0, variance: 0 } },
    ...{ evidence: 15, alarmed: true },
  };
  const after = (learnedSeconds: number) => {
    const drift = {
      ...{ variant: 'base', accelerator: 'cpu', learnedSeconds, load: 10, usualLoad: 10, drainSeconds: 0 },
      ...{ median: chart, since: created },
    };
    return decide(aSnapshot({ sla: with_({}, { drift }), production: aReading(300, 0) }), nowMs).status.retune?.trigger;
  };
  assert.deepEqual([after(600), after(900)], [undefined, 'DriftConfirmed']);
});
