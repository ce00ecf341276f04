import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, bytes, interval, short } from './figures.ts';

test('figures have three digits and a prefix, and are a dash where they are not known', () => {
  assert.deepEqual([0, 999, 12_345_678, 2e15].map(short), ['0', '999', '12.3M', '2000T']);
  assert.deepEqual([0, 1023, 1024, 1.5 * 1024 ** 3].map(bytes), ['0 B', '1023 B', '1 KiB', '1.5 GiB']);
  assert.deepEqual([short(undefined), bytes(undefined), ago(undefined, 0)], ['–', '–', '–']);
});

test('an interval is shown where it can be told from the value', () => {
  assert.equal(interval(12.34, 11.9, 13), '12.3 (11.9–13.0)');
  assert.equal(interval(1, 0.999, 1.001), '1.00');
});

test('times are in the largest unit that fits, and clocks that differ are no time at all', () => {
  const at = '2026-01-01T12:00:00Z';
  const after = (seconds: number) => ago(at, Date.parse(at) + 1000 * seconds);
  assert.deepEqual([-5, 40, 119, 150, 7300, 200_000].map(after), ['0s', '40s', '119s', '2m', '2h', '2d']);
});
