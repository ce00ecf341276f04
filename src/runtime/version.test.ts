import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { version } from './version.ts';

test('the version that is told is the version that is released', async () => {
  assert.equal(version, JSON.parse(await readFile('package.json', 'utf8')).version);
});
