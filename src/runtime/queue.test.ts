import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkQueue } from './queue.ts';

test('a name that waits is there once', async () => {
  const queue = new WorkQueue();
  queue.add('a');
  queue.add('a');
  queue.add('b');
  assert.deepEqual([await queue.take(), await queue.take(), queue.depth], ['a', 'b', 0]);
});

test('a name that is being worked on comes back when it is done, and never runs twice at once', async () => {
  const queue = new WorkQueue();
  queue.add('a');
  await queue.take();
  queue.add('a');
  queue.add('a');
  assert.equal(queue.depth, 0);
  queue.done('a');
  assert.equal(await queue.take(), 'a');
  queue.done('a');
  assert.equal(queue.depth, 0);
});

test('a delay is kept, the earliest of several wins, and adding at once beats it', async () => {
  const queue = new WorkQueue();
  queue.addAfter('a', 60_000);
  queue.addAfter('a', 20);
  queue.addAfter('b', 60_000);
  const before = performance.now();
  assert.equal(await queue.take(), 'a');
  assert.ok(performance.now() - before >= 15);
  queue.add('b');
  assert.equal(await queue.take(), 'b');
  assert.equal(queue.depth, 0);
  queue.stop();
});

test('what is to come back at its time does not count as waiting', async () => {
  const queue = new WorkQueue();
  queue.addAfter('later', 60_000);
  queue.add('now');
  assert.equal(queue.depth, 1);
  queue.stop();
});

test('failures double the delay until they are forgotten', async () => {
  const queue = new WorkQueue({ baseDelayMs: 8 });
  const timed = async () => {
    const before = performance.now();
    queue.addRateLimited('a');
    await queue.take();
    queue.done('a');
    return performance.now() - before;
  };
  await timed();
  await timed();
  const third = await timed();
  assert.ok(third >= 30, `${third}`);
  queue.forget('a');
  assert.ok((await timed()) < third);
});

test('whoever waits is let go when the queue stops', async () => {
  const queue = new WorkQueue();
  const waiting = queue.take();
  queue.stop();
  queue.add('a');
  assert.deepEqual([await waiting, await queue.take()], [undefined, undefined]);
  await sleep(1);
});
