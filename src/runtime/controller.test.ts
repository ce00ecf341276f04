import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Watch } from './cluster/cluster.ts';
import { ApiError } from './cluster/errors.ts';
import { itselfWhenAsked, type Outcome, RunningController } from './controller.ts';
import { manager } from './manager.ts';
import { type Reconcile, TerminalError } from './reconcile.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs a reconcile over one name until it has been called `times` times; every outcome in order. */
async function outcomes(reconcile: Reconcile, times: number): Promise<Outcome[]> {
  const seen: Outcome[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const observer = {
    reconciled: (_: string, outcome: Outcome) => {
      seen.push(outcome);
      if (seen.length === times) resolve();
    },
    queueDepth: () => undefined,
  };
  const running = new RunningController({ name: 'c', reconcile, watches: [] }, observer, quiet);
  running.enqueue({ namespace: 'n', name: 'x' });
  running.start();
  await promise;
  await sleep(50);
  await running.stop();
  return seen;
}

const throws = (error: Error, thenDone = 1): Reconcile => {
  let calls = 0;
  return async () => {
    if (calls++ < thenDone) throw error;
    return {};
  };
};

test('an error comes back with backoff, a conflict at once, what is gone quietly', async () => {
  assert.deepEqual(await outcomes(throws(new Error('broken'), 2), 3), ['error', 'error', 'success']);
  assert.deepEqual(await outcomes(throws(new ApiError('Conflict', 'stale')), 2), ['requeue', 'success']);
  assert.deepEqual(await outcomes(throws(new ApiError('NotFound', 'gone')), 2), ['requeue', 'success']);
});

test('an error that trying again can not mend is not tried again', async () => {
  assert.deepEqual(await outcomes(throws(new TerminalError('never')), 1), ['terminal']);
});

test('a reconcile that asks for it is called again in time', async () => {
  const calls: number[] = [];
  const seen = await outcomes(async () => {
    calls.push(performance.now());
    return calls.length < 3 ? { requeueAfterMs: 20 } : {};
  }, 3);
  assert.deepEqual(seen, ['requeue_after', 'requeue_after', 'success']);
  assert.ok((calls[2] ?? 0) - (calls[0] ?? 0) >= 38);
});

/** A cluster whose watches deliver nothing until they are told to. */
function heldWatches() {
  const { promise: synced, resolve: sync } = Promise.withResolvers<void>();
  const stopped: string[] = [];
  const handlers: ((name: string) => void)[] = [];
  const watch = (type: { kind: string }, _: unknown, handler: (event: object) => void): Watch => {
    handlers.push((name) => handler({ type: 'Added', object: { metadata: { name } } }));
    return { synced, lastActivity: () => Date.now() - 7000, stop: () => void stopped.push(type.kind) };
  };
  return { cluster: { watch } as unknown as Cluster, sync, stopped, add: (name: string) => handlers[0]?.(name) };
}

test('nothing is reconciled before every watch has told what there is, and a shutdown waits for what runs', async () => {
  const { cluster, sync, stopped, add } = heldWatches();
  const type = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: false };
  const log: string[] = [];
  const { promise: working, resolve: nowWorking } = Promise.withResolvers<void>();
  const controller = {
    name: 'things',
    watches: [{ type, map: ({ metadata }: { metadata: { name: string } }) => [{ name: metadata.name }] }],
    reconcile: async ({ name }: { name: string }, signal: AbortSignal) => {
      log.push(`begin ${name}`);
      nowWorking();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await sleep(30);
      log.push(`end ${name}`);
      return {};
    },
  };
  const observer = { reconciled: () => undefined, queueDepth: () => undefined };
  const stopping = new AbortController();
  const all = manager({ cluster, controllers: [controller], observer, log: quiet });
  const run = all.run(stopping.signal);
  add('a');
  await sleep(20);
  assert.deepEqual([log, all.ready()], [[], false]);
  sync();
  await working;
  assert.equal(all.ready(), true);
  assert.ok(all.watchAgeSeconds() >= 7);
  stopping.abort();
  await run;
  assert.deepEqual([log, stopped, all.ready()], [['begin a', 'end a'], ['Thing'], false]);
});

test('what several controllers watch is watched once, and all of them hear of it', async () => {
  const { cluster, sync, stopped, add } = heldWatches();
  const type = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: false };
  const woken: string[] = [];
  const controller = (name: string, options = {}) => ({
    name,
    watches: [{ type, options, map: ({ metadata }: { metadata: { name: string } }) => [{ name: metadata.name }] }],
    reconcile: async (key: { name: string }) => {
      woken.push(`${name} ${key.name}`);
      return {};
    },
  });
  const controllers = [controller('one'), controller('two'), controller('own', { labels: { a: 'b' } })];
  const observer = { reconciled: () => undefined, queueDepth: () => undefined };
  const stopping = new AbortController();
  const run = manager({ cluster, controllers, observer, log: quiet }).run(stopping.signal);
  add('a');
  sync();
  await sleep(20);
  stopping.abort();
  await run;
  assert.deepEqual(
    [woken.toSorted(), stopped],
    [
      ['one a', 'two a'],
      ['Thing', 'Thing'],
    ],
  );
});

test('a reconcile that hangs does not keep a shutdown from ending', async () => {
  const { cluster, sync, add } = heldWatches();
  const type = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: false };
  const controller = {
    name: 'things',
    watches: [{ type, map: () => [{ name: 'a' }] }],
    reconcile: () => new Promise<never>(() => undefined),
  };
  const observer = { reconciled: () => undefined, queueDepth: () => undefined };
  const stopping = new AbortController();
  const run = manager({ cluster, controllers: [controller], observer, log: quiet, gracePeriodMs: 50 }).run(
    stopping.signal,
  );
  sync();
  add('a');
  await sleep(20);
  stopping.abort();
  await run;
});

test('what a controller writes into status does not wake it; a new spec, a new object and a deletion do', () => {
  const map = itselfWhenAsked();
  const object = (change: object) => ({
    ...{ apiVersion: 'v1', kind: 'Thing' },
    metadata: { name: 'a', namespace: 'n', uid: 'u', generation: 1, ...change },
  });
  const keys = [{ namespace: 'n', name: 'a' }];
  assert.deepEqual(map(object({ resourceVersion: '1' }), 'Modified'), keys);
  assert.deepEqual(map(object({ resourceVersion: '2' }), 'Modified'), []);
  assert.deepEqual(map(object({ generation: 2 }), 'Modified'), keys);
  assert.deepEqual(map(object({ generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' }), 'Modified'), keys);
  assert.deepEqual(map(object({ uid: 'another' }), 'Modified'), keys);
  assert.deepEqual(map(object({ name: 'b' }), 'Modified'), [{ namespace: 'n', name: 'b' }]);
  assert.deepEqual(map(object({ name: 'b' }), 'Deleted'), [{ namespace: 'n', name: 'b' }]);
  assert.deepEqual(map(object({ name: 'b' }), 'Added'), [{ namespace: 'n', name: 'b' }]);
});
