import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceleratorStatus } from '../../api/nas-search.ts';
import { plain } from '../show/style.ts';
import { columnsOf } from '../show/text.ts';
import { type Difference, diff } from './diff.ts';
import { UsageError } from './failures.ts';
import { connectionTo, emptyCluster, putSearch, quick, withSearch } from './fixtures.ts';
import { front } from './front.ts';

test('a front names each variant, marks the recommended one, and fits a terminal', async () => {
  const { connection, search } = await withSearch();
  const shown = await front(connection, 'quick');
  const fast = search.status?.accelerators?.[0];
  assert.ok(fast);
  const lines = shown.lines(plain(80));
  assert.equal(shown.code, 0);
  for (const { variant } of fast.front) assert.ok(lines.some((line) => line.includes(variant)));
  const marked = lines.filter((line) => line.startsWith('➤'));
  assert.equal(marked.length, 1);
  assert.ok(marked[0]?.includes(fast.recommended ?? '?'));
  assert.ok(lines.every((line) => columnsOf(line) <= 80));
  assert.deepEqual((shown.data as { accelerators: AcceleratorStatus[] }).accelerators[0]?.front, fast.front);
});

test('an accelerator that the search is not on is wrong usage, and those that it is on are named', async () => {
  const { connection } = await withSearch();
  assert.equal((await front(connection, 'nas/quick', 'fast')).code, 0);
  await assert.rejects(front(connection, 'quick', 'tpu'), (error: Error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /not on an accelerator "tpu"; it is on fast/);
    return true;
  });
});

test('a search without a front is an answer of "cannot tell"', async () => {
  const cluster = emptyCluster();
  const snapshot = quick();
  await putSearch(cluster, { ...snapshot, search: { ...snapshot.search, status: undefined } });
  const shown = await front(connectionTo(cluster), 'quick');
  assert.equal(shown.code, 2);
  assert.match(shown.lines(plain()).join(), /on no accelerator yet/);
});

test('two variants differ in what was chosen, in quality and in latency on each accelerator', async () => {
  const snapshot = quick();
  const [base, other] = snapshot.variants;
  assert.ok(base && other);
  const work = { macs: 1e6, bytesMoved: 4096, weightBytes: 10, peakActivationBytes: 2048, parts: [], fits: {} };
  const trials = snapshot.trials.map((trial) =>
    trial.spec.variantRef.name === base.metadata.name && trial.status
      ? {
          ...trial,
          status: { ...trial.status, work, ratio: { value: 1, low: 0.99, high: 1.01 } },
        }
      : {
          ...trial,
          status: { ...trial.status, work: { ...work, macs: 5e5 }, ratio: { value: 0.5, low: 0.4, high: 0.6 } },
        },
  );
  const { connection } = await withSearch({ ...snapshot, trials });
  const shown = await diff(connection, base.metadata.name, other.metadata.name);
  const { differences } = shown.data as { differences: Difference[] };
  const row = (what: string) => differences.find((one) => one.what === what);
  const chosen = other.spec.candidate.dimensions;
  for (const [name, choice] of Object.entries(chosen)) assert.equal(row(name)?.b, String(choice));
  assert.match(row('Top1')?.change ?? '', /^(better|worse|same)$/);
  assert.match(row('p99 ms on fast')?.change ?? '', /^[+−]\d+\.\d%$/);
  assert.equal(row("p50 over the base's on fast")?.b, '0.500 (0.400–0.600)');
  assert.equal(row('MACs')?.change, '−50.0%');
  assert.equal(row('bytes moved')?.change, 'same');
  assert.equal(row('peak activations')?.a, '2 KiB');
  assert.ok(shown.lines(plain()).length > differences.length);
  const same = await diff(connection, base.metadata.name, base.metadata.name);
  assert.ok((same.data as { differences: Difference[] }).differences.every(({ change }) => change === 'same'));
});

test('a difference within the intervals is not certain', async () => {
  const snapshot = quick();
  const [base, other] = snapshot.variants;
  assert.ok(base?.status?.quality && other?.status?.quality);
  base.status.quality = { ...base.status.quality, value: 0.9, low: 0.88, high: 0.92 };
  other.status.quality = { ...other.status.quality, value: 0.91, low: 0.89, high: 0.93 };
  const { connection } = await withSearch(snapshot);
  const shown = await diff(connection, base.metadata.name, other.metadata.name);
  const { differences } = shown.data as { differences: Difference[] };
  assert.equal(differences.find(({ what }) => what === 'Top1')?.change, 'better, not certain');
});
