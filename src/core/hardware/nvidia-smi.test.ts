import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clockState, counterFields, gpuFacts, gpuFields, heldDown, smiArguments } from './nvidia-smi.ts';

/** What nvidia-smi 580.159.04 printed on a machine with one H200, asked for these fields. */
const h200 = 'NVIDIA H200, 580.159.04, 9.0, 143771, Disabled, 1980, 3201, 700.00\n';

test('a GPU is read from what nvidia-smi printed', () => {
  assert.equal(
    smiArguments(gpuFields)[0],
    '--query-gpu=name,driver_version,compute_cap,memory.total,mig.mode.current,clocks.max.sm,clocks.max.memory,power.limit',
  );
  assert.deepEqual(gpuFacts(h200), {
    ...{ name: 'NVIDIA H200', driver: '580.159.04', computeCapability: '9.0', memoryBytes: 143_771 * 2 ** 20 },
    ...{ partitioned: false, maxClockMHz: { sm: 1980, memory: 3201 }, powerLimitWatts: 700 },
  });
});

test('the first of several counts, and what a GPU does not tell is left out', () => {
  const t4 = 'Tesla T4, 535.104.05, 7.5, 15360, [N/A], [N/A], 5001, [Not Supported]';
  const found = gpuFacts(`${t4}\n${h200}`);
  assert.deepEqual([found?.name, found?.partitioned, found?.maxClockMHz.memory], ['Tesla T4', false, 5001]);
  assert.ok(found && found.maxClockMHz.sm === undefined && !('powerLimitWatts' in found));
  assert.equal(gpuFacts(h200.replace('Disabled', 'Enabled'))?.partitioned, true);
});

test('what is no answer is no GPU', () => {
  const sentences = ['', 'No devices were found\n', 'Field "compute_cap" is not a valid field to query.\n\n'];
  for (const sentence of sentences)
    assert.deepEqual([gpuFacts(sentence), clockState(sentence)], [undefined, undefined]);
});

test('clocks count as held down for as long as the driver counts, by what it was for longest', () => {
  assert.equal(counterFields.length, 4);
  const [before, after] = [clockState('0, 10, 0, 0\n'), clockState('40000, 5010, 0, 0\n')];
  assert.ok(before && after);
  assert.deepEqual(heldDown(before, after, 400), { ms: 40, because: 'its power limit' });
  assert.equal(heldDown(after, after, 400), undefined);
});

test('a power limit that held an H200 back beside a neighbour is seen, in what it printed then', () => {
  const [before, after] = [clockState('4563449, 0, 0, 0\n'), clockState('23863432, 0, 0, 0\n')];
  assert.ok(before && after);
  const held = heldDown(before, after, 20_000);
  assert.ok(held?.because === 'its power limit' && Math.abs(held.ms - 19_300) < 1);
  const [busy, idle] = [clockState('0x0000000000000004\n'), clockState('0x0000000000000001\n')];
  assert.ok(busy && idle && heldDown(busy, busy, 100)?.ms === 100 && heldDown(idle, idle, 100) === undefined);
});

test('drivers without counters tell by what holds before and after; an idle clock is no throttled one', () => {
  const [idle, hot] = [clockState('0x0000000000000001\n'), clockState('0x0000000000000020')];
  assert.ok(idle && hot);
  assert.deepEqual(heldDown(idle, hot, 300), { ms: 150, because: 'its temperature' });
  assert.equal(heldDown(idle, idle, 300), undefined);
});

test('clocks are never held down for longer than was looked, or for less than nothing', () => {
  const counters = fc.array(fc.nat(1e9), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(counters, counters, fc.nat(1000), (a, b, elapsedMs) => {
      const held = heldDown({ counters: a }, { counters: b }, elapsedMs);
      assert.ok(held === undefined || (held.ms > 0 && held.ms <= elapsedMs));
    }),
  );
});
