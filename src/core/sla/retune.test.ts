import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RetuneState, retuneReason, type Trigger } from './retune.ts';

const nowMs = Date.parse('2026-01-02T12:00:00.000Z');
const all: Trigger[] = ['NoVariantFits', 'DriftConfirmed', 'ModelChanged', 'Scheduled'];
const policy = { triggers: all, cooldownMs: 3_600_000 };
const quiet: RetuneState = { searching: false, thresholdMs: 50 };
const trigger = (change: Partial<RetuneState>, triggers = all) =>
  retuneReason({ ...quiet, ...change }, { ...policy, triggers }, nowMs)?.trigger;
const ago = (hours: number) => new Date(nowMs - hours * 3_600_000).toISOString();
const last = (name: Trigger, hours: number, thresholdMs = 50) => ({ trigger: name, started: ago(hours), thresholdMs });

test('each reason starts a search, what concerns the model itself first, and none that is not allowed', () => {
  assert.equal(trigger({}), undefined);
  assert.equal(trigger({ hold: 'Cooldown' }), undefined);
  assert.equal(trigger({ hold: 'NoVariantFits' }), 'NoVariantFits');
  assert.equal(trigger({ driftSince: ago(2) }), 'DriftConfirmed');
  assert.equal(trigger({ scheduled: ago(1) }), 'Scheduled');
  const model = { now: 'app:2', searched: 'app:1' };
  assert.equal(trigger({ model, hold: 'NoVariantFits' }), 'ModelChanged');
  assert.equal(trigger({ model, hold: 'NoVariantFits' }, ['NoVariantFits']), 'NoVariantFits');
  assert.equal(trigger({ model: { now: 'app:1', searched: 'app:1' } }), undefined);
  const base = { uri: 'file:///m.onnx', now: 'sha256:b', searched: 'sha256:a' };
  assert.equal(trigger({ base, hold: 'NoVariantFits' }), 'ModelChanged');
  assert.equal(trigger({ base: { ...base, now: 'sha256:a' } }), undefined);
});

test('the same is not searched twice: a threshold that was missed, a drift or a moment that was answered', () => {
  assert.equal(trigger({ hold: 'NoVariantFits', last: last('NoVariantFits', 5) }), undefined);
  assert.equal(trigger({ hold: 'NoVariantFits', last: last('NoVariantFits', 5, 80) }), 'NoVariantFits');
  assert.equal(trigger({ driftSince: ago(6), last: last('DriftConfirmed', 5) }), undefined);
  assert.equal(trigger({ driftSince: ago(2), last: last('DriftConfirmed', 5) }), 'DriftConfirmed');
  assert.equal(trigger({ scheduled: ago(3), last: last('Scheduled', 2.9) }), undefined);
});

test('whatever happens, there is one search at a time and a rest between two', () => {
  const hours = fc.double({ min: 0, max: 48, noNaN: true });
  const moment = fc.option(hours.map(ago), { nil: undefined });
  fc.assert(
    fc.property(moment, moment, fc.boolean(), hours, (driftSince, scheduled, searching, restedHours) => {
      const state = { driftSince, scheduled, searching, last: last('Scheduled', restedHours), hold: 'NoVariantFits' };
      if (trigger(state)) assert.ok(!searching && restedHours >= 1);
    }),
  );
});
