import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetuneTrigger } from '../../api/latency-sla.ts';
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
