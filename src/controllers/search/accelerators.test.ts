import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { decide } from './decide.ts';
import { applied, aSearch, condition, measured, profile, reasonOf, run, snapshotOf, startMs } from './fixtures.ts';
import type { SearchSnapshot } from './gather.ts';

const statusOn = ({ search }: SearchSnapshot, accelerator: string) =>
  search.status?.accelerators?.find(({ name }) => name === accelerator);
const triedOn = ({ trials }: SearchSnapshot, accelerator: string) =>
  trials.filter(({ spec }) => spec.accelerator === accelerator).map(({ spec }) => spec.variantRef.name);
const budget = { maxVariants: 10, parallelism: 2 };

test('an accelerator that comes when all is done is searched too, from what was found elsewhere', () => {
  const done = run(snapshotOf(aSearch({ budget }), [profile('fast')]));
  assert.deepEqual([reasonOf(done), triedOn(done, 'fast').length], ['Completed', 10]);
  const arrived = { ...done, profiles: [profile('fast'), profile('slow')] };
  const begun = applied(arrived, startMs + 3_600_000);
  assert.deepEqual([reasonOf(begun), begun.search.status?.finished], ['Searching', undefined]);
  assert.deepEqual(triedOn(begun, 'slow'), ['quick-base']);
  const again = run(begun);
  assert.deepEqual([reasonOf(again), triedOn(again, 'slow').length], ['Completed', 10]);
  const front = statusOn(done, 'fast')?.front.map(({ variant }) => variant) ?? [];
  assert.ok(front.filter((variant) => triedOn(again, 'slow').includes(variant)).length >= Math.min(5, front.length));
  // What was made is measured; only what nobody proposed before is made.
  assert.ok(again.variants.length < 20);
  assert.deepEqual(triedOn(again, 'fast'), triedOn(done, 'fast'));
  assert.ok((statusOn(again, 'slow')?.front.length ?? 0) > 0);
  assert.deepEqual(decide(again, startMs + 7_200_000).trials, []);
});

test('a search that is to end when little is to be gained ends then, and says it completed', () => {
  const search = (leastGain?: string) => aSearch({ budget: { maxVariants: 20, parallelism: 1, leastGain } });
  const [all, some] = [undefined, '99%'].map((leastGain) => run(snapshotOf(search(leastGain), [profile('fast')])));
  assert.deepEqual([all && reasonOf(all), some && reasonOf(some)], ['Completed', 'Completed']);
  assert.ok(all && some && triedOn(some, 'fast').length < triedOn(all, 'fast').length);
  assert.ok(triedOn(some, 'fast').length >= 8, 'nobody knows before');
});

test('hardware that leaves and comes back costs nothing', () => {
  const done = run(snapshotOf(aSearch({ budget })));
  const away = applied({ ...done, profiles: [profile('fast')] }, startMs + 1000);
  const back = applied({ ...away, profiles: done.profiles }, startMs + 2000);
  assert.deepEqual([back.trials.length, reasonOf(back)], [done.trials.length, 'Completed']);
  assert.deepEqual(statusOn(back, 'slow')?.front, statusOn(done, 'slow')?.front);
});

test('another generation of the same hardware is measured anew, and the old trials count no more', () => {
  const done = run(snapshotOf(aSearch({ budget }), [profile('fast')]));
  const changed: HardwareProfile = { ...profile('fast') };
  changed.status = { ...changed.status, generation: 2, conditions: changed.status?.conditions };
  const again = run(applied({ ...done, profiles: [changed] }, startMs + 1000));
  const generations = again.trials.map(({ spec }) => spec.generation);
  assert.deepEqual([generations.filter((one) => one === 2).length, statusOn(again, 'fast')?.trials], [10, 10]);
  assert.equal(new Set(again.trials.map(({ metadata }) => metadata.name)).size, again.trials.length);
});

test('a named accelerator that is not there holds nobody up, and is told of', () => {
  const done = run(snapshotOf(aSearch({ budget, accelerators: ['fast', 'tpu'] }), [profile('fast')]));
  const { message } = findCondition(done.search.status?.conditions, 'Succeeded') ?? {};
  assert.match(message ?? '', /tpu will be searched when there is a node of it/);
  const later = run(applied({ ...done, profiles: [profile('fast'), profile('tpu')] }, startMs + 1000));
  assert.equal(triedOn(later, 'tpu').length, 10);
});

test('nodes that are not probed yet are waited for; a probe that failed holds nobody up', () => {
  const unprobed = profile('fast');
  unprobed.status = { conditions: (unprobed.status?.conditions ?? []).filter(({ type }) => type === 'Ready') };
  assert.equal(reasonOf(applied(snapshotOf(aSearch(), [unprobed]), startMs)), 'Probing');
  const failed = profile('fast');
  failed.status = {
    conditions: (failed.status?.conditions ?? []).map((one) =>
      one.type === 'Probed' ? { ...one, status: 'False' } : one,
    ),
  };
  assert.equal(reasonOf(run(snapshotOf(aSearch({ budget }), [failed]))), 'Completed');
});

test('a device that containers share is not searched for its p99, and the sentence says what to do', () => {
  const shared = profile('slow');
  const conditions = shared.status?.conditions ?? [];
  shared.status = { conditions: [...conditions, condition('Exclusive', 'False', 'Shared')] };
  const alone = applied(snapshotOf(aSearch({ budget }), [shared]), startMs);
  assert.equal(reasonOf(alone), 'SharedHardware');
  const done = run(snapshotOf(aSearch({ budget }), [profile('fast'), shared]));
  assert.match(findCondition(done.search.status?.conditions, 'Succeeded')?.message ?? '', /not on slow: .*P50 or P90/);
  assert.equal(statusOn(done, 'slow'), undefined);
  const median = run(snapshotOf(aSearch({ budget, latency: { percentile: 'P50' } }), [shared]));
  assert.equal(reasonOf(median), 'Completed');
});

/** Trials that say what the model is made of, on accelerators of which one has no integer kernels. */
const withWork = (trial: Trial, variant: Variant | undefined): Trial => {
  const made = measured(trial, variant);
  const parts = [{ kind: 'Conv' as const, precision: 'FP32' as const, count: 1, macs: 1e9, bytes: 1e6 }];
  const work = { macs: 1e9, bytesMoved: 1e6, weightBytes: 1e6, peakActivationBytes: 1e6, parts, fits: {} };
  return { ...made, status: { ...made.status, conditions: made.status?.conditions, work } };
};
const able = (name: string, ratio: number): HardwareProfile => {
  const found = profile(name);
  const kernel = (precision: 'FP32' | 'INT8Static', its: number) => ({
    kind: 'Conv' as const,
    precision,
    ratio: its,
    gops: 50 / its,
  });
  const abilities = {
    ...{ bandwidthGBps: { memory: 10 }, peakGops: { fp32: 50, int8: 100 }, table: `sha256:${'0'.repeat(64)}` },
    kernels: [kernel('FP32', 1), kernel('INT8Static', ratio)],
  };
  return { ...found, status: { ...found.status, conditions: found.status?.conditions, abilities } };
};

test('two accelerators have spaces of their own: what one has no kernel for is neither proposed nor measured there', () => {
  const space = { precisions: ['FP32', 'INT8Static'] };
  const snapshot = snapshotOf(aSearch({ budget, space }), [able('fast', 0.3), able('slow', 1.2)]);
  const done = run(snapshot, undefined, withWork);
  const precisionsOn = (name: string) =>
    new Set(
      done.variants
        .filter(({ metadata }) => triedOn(done, name).includes(metadata.name))
        .map(({ spec }) => spec.candidate.precision),
    );
  assert.deepEqual([precisionsOn('fast').has('INT8Static'), precisionsOn('slow').has('INT8Static')], [true, false]);
  assert.deepEqual([triedOn(done, 'fast').length, triedOn(done, 'slow').length], [10, 10]);
  const [reason] = statusOn(done, 'slow')?.narrowed ?? [];
  assert.match(`${reason?.choice}: ${reason?.reason}`, /^INT8Static: .*convolutions take 1\.20 times as long/);
  assert.equal(statusOn(done, 'fast')?.narrowed, undefined);
});
