import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LatencySLAStatus } from '../../api/latency-sla.ts';
import { annotationsOf } from '../../core/sla/orders.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { decide } from './decide.ts';
import { anSla, aReading, aSnapshot, nowMs, uriOf } from './fixtures.ts';

const at = new Date(nowMs - 60_000).toISOString();
const calm = { production: aReading(300, 0) };
const ordered = (order: Parameters<typeof annotationsOf>[0], status?: Partial<LatencySLAStatus>) => {
  const sla = anSla({}, status as LatencySLAStatus);
  const annotations = Object.fromEntries(
    Object.entries(annotationsOf(order)).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
  return { ...sla, metadata: { ...sla.metadata, annotations } };
};
const promote = (variant: string) => ({ kind: 'Promote', variant, at }) as const;
const why = (status: LatencySLAStatus) => findCondition(status.conditions, 'Ordered')?.reason;

test('a variant that is ordered goes through a canary, once; one that is not known is refused with those there are', () => {
  const { status } = decide(aSnapshot({ sla: ordered(promote('small')), ...calm }), nowMs);
  assert.deepEqual(
    [status.rollout?.variant, status.history?.at(-1)?.reason, why(status)],
    ['small', 'Ordered', 'Taken'],
  );
  const again = ordered(promote('small'), { ...status, rollout: undefined });
  assert.equal(decide(aSnapshot({ sla: again, ...calm }), nowMs).status.rollout, undefined);
  const unknown = decide(aSnapshot({ sla: ordered(promote('other')), ...calm }), nowMs).status;
  assert.equal(why(unknown), 'VariantUnknown');
  assert.match(findCondition(unknown.conditions, 'Ordered')?.message ?? '', /choose from .*small/);
});

test('going back ends the rollout under way, or undoes the last and does not choose it again', () => {
  const back = { kind: 'Rollback', at } as const;
  const started = decide(aSnapshot({ sla: ordered(promote('small')), ...calm }), nowMs).status;
  const aborted = decide(aSnapshot({ sla: ordered(back, started), ...calm }), nowMs).status;
  assert.equal(aborted.rollout?.step, 'RollingBack');
  const undone = decide(aSnapshot({ sla: ordered(back, { previousUri: uriOf('small') }), ...calm }), nowMs).status;
  assert.deepEqual([undone.rollout?.variant, undone.refused?.length], ['small', 1]);
  const nothing = decide(aSnapshot({ sla: ordered(back), ...calm }), nowMs).status;
  assert.deepEqual([nothing.rollout, why(nothing)], [undefined, 'NothingBefore']);
});
