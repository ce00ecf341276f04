import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NASSearchStatus } from '../../api/nas-search.ts';
import { nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import { searchController } from '../../controllers/search/controller.ts';
import { condition, startMs } from '../../controllers/search/fixtures.ts';
import type { SearchSnapshot } from '../../controllers/search/gather.ts';
import { trialController } from '../../controllers/trial/controller.ts';
import { variantController } from '../../controllers/variant/controller.ts';
import { pods } from '../../runtime/cluster/core-types.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { plain } from '../show/style.ts';
import { RefusedError } from './failures.ts';
import { quick, withSearch } from './fixtures.ts';
import { retry } from './retry.ts';
import { suspend } from './suspend.ts';

const dayMs = 24 * 3600 * 1000;
/** Long after the search has ended: the time that it had is over. */
const clock = () => startMs + dayMs;
const worker = { image: 'retune:test', namespace: 'default', store: { hostPath: '/tmp/a' } };

const failedTrial = (trial: Trial): Trial => ({
  ...trial,
  status: { attempts: 5, conditions: [condition('Succeeded', 'False', 'NoisyNeighbour')] },
});
const failedVariant = (variant: Variant): Variant => ({
  ...variant,
  status: { attempts: 1, conditions: [condition('Ready', 'False', 'OutOfMemory')] },
});

/** The search `quick` with changes, and its real controllers to call by hand. */
async function opened(snapshot: SearchSnapshot) {
  const all = await withSearch(snapshot);
  const { cluster } = all;
  const [search, trial, variant] = [
    searchController({ cluster, clock, worker }),
    trialController({ cluster, clock, worker }),
    variantController({ cluster, clock, worker }),
  ];
  const key = (name: string) => ({ namespace: 'default', name });
  const { signal } = new AbortController();
  return {
    ...all,
    podNames: async () => (await cluster.list(pods)).map(({ metadata }) => metadata.name),
    reconcile: {
      search: () => search.reconcile(key('quick'), signal),
      trial: (name: string) => trial.reconcile(key(name), signal),
      variant: (name: string) => variant.reconcile(key(name), signal),
    },
    status: async () => (await cluster.get(nasSearches, key('quick')))?.status as NASSearchStatus,
  };
}

const lastOf = <T>(all: readonly T[]): T => {
  const last = all.at(-1);
  assert.ok(last);
  return last;
};

test('a trial that failed is measured again, also where its search has ended', async () => {
  const snapshot = quick();
  const broken = lastOf(snapshot.trials);
  const its = snapshot.trials.map((one) => (one === broken ? failedTrial(one) : one));
  const { connection, cluster, reconcile, podNames, status } = await opened({ ...snapshot, trials: its });
  const { name } = broken.metadata;
  await reconcile.trial(name);
  assert.deepEqual(await podNames(), [], 'it has ended before');
  await retry(connection, name);
  await reconcile.trial(name);
  assert.deepEqual(await podNames(), [`${name}-0`]);
  await reconcile.search();
  assert.equal((await status()).trials?.succeeded, its.length - 1);
  const again = await cluster.get(trials, { namespace: 'default', name });
  assert.equal(findCondition(again?.status?.conditions, 'Succeeded')?.status, 'Unknown');
});

test('a variant that failed is made again, and its search is open to measure it', async () => {
  const snapshot = quick({ budget: { maxVariants: 8, parallelism: 2 } });
  const broken = lastOf(snapshot.variants);
  const { name } = broken.metadata;
  const { connection, cluster, reconcile, podNames, status } = await opened({
    ...snapshot,
    variants: snapshot.variants.map((one) => (one === broken ? failedVariant(one) : one)),
    trials: snapshot.trials.filter(({ spec }) => spec.variantRef.name !== name),
  });
  await retry(connection, `var/${name}`);
  await reconcile.search();
  assert.equal(findCondition((await status()).conditions, 'Succeeded')?.reason, 'Searching');
  await reconcile.variant(name);
  assert.ok((await podNames()).includes(`${name}-0`));
  // It ends well this time, and is measured.
  const present = await cluster.get(variants, { namespace: 'default', name });
  assert.ok(present);
  await cluster.replaceStatus(variants, { ...present, status: broken.status });
  await reconcile.search();
  const measured = (await cluster.list(trials)).filter(({ spec }) => spec.variantRef.name === name);
  assert.equal(measured.length, 1);
});

test('a search that came to nothing is taken up again with all that failed, and has its time again', async () => {
  const snapshot = quick();
  const lost = snapshot.trials.map(failedTrial);
  const status = {
    ...snapshot.search.status,
    conditions: [condition('Succeeded', 'False', 'NothingMeasured')],
  } as NASSearchStatus;
  const opening = await opened({ ...snapshot, search: { ...snapshot.search, status }, trials: lost });
  const shown = await retry(opening.connection, 'quick');
  assert.equal((shown.data as { again: string[] }).again.length, lost.length);
  assert.equal((await opening.status()).finished, undefined);
  await opening.reconcile.search();
  const now = await opening.status();
  assert.equal(findCondition(now.conditions, 'Succeeded')?.reason, 'Searching');
  assert.equal(now.accelerators?.[0]?.started, new Date(clock()).toISOString());
});

test('what has not failed is not tried again', async () => {
  const { connection, search, variants: made, trials: measured } = await opened(quick());
  for (const { metadata } of [search, lastOf(made), lastOf(measured)]) {
    await assert.rejects(retry(connection, metadata.name), (error: Error) => {
      assert.ok(error instanceof RefusedError);
      assert.match(error.message, /nothing to try again/);
      return true;
    });
  }
});

test('what a paused search would try again is said to wait', async () => {
  const snapshot = quick();
  const { connection } = await opened({ ...snapshot, trials: snapshot.trials.map(failedTrial) });
  await suspend(connection, 'quick', true);
  const shown = await retry(connection, lastOf(snapshot.trials).metadata.name);
  assert.match(shown.warnings?.join() ?? '', /is paused: retune resume quick/);
  assert.match(shown.lines(plain()).join(), /is tried again/);
});
