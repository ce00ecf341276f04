import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dueSince, scheduleProblem } from './schedule.ts';

test('a moment is due once it has passed, in UTC, and the first of several is told', () => {
  const sundays = '0 3 * * 0';
  const since = '2026-01-01T00:00:00.000Z';
  assert.equal(dueSince(sundays, since, Date.parse('2026-01-04T02:59:59Z')), undefined);
  assert.equal(dueSince(sundays, since, Date.parse('2026-01-20T00:00:00Z')), '2026-01-04T03:00:00.000Z');
});

test('what is no schedule is said to be none', () => {
  assert.equal(scheduleProblem('0 3 * * 0'), undefined);
  assert.match(scheduleProblem('every sunday') ?? '', /"every sunday" is no schedule .* such as 0 3 \* \* 0/);
});
