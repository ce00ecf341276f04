import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesThisMachine, pageAddress } from './address.ts';
import { bearerToken, gate, type Reviews } from './auth.ts';

/** A cluster that knows two tokens, and counts what it is asked. */
function cluster() {
  const asked: string[] = [];
  const reviews: Reviews = {
    async userOf(token) {
      asked.push(token);
      if (token === 'down') throw new Error('the API server cannot be reached');
      return token.startsWith('user-') ? { username: token } : undefined;
    },
    mayRead: async ({ username }) => username === 'user-reader',
  };
  return { asked, reviews };
}

test('only whoever the cluster knows and lets read gets in', async () => {
  const { decide } = gate({ reviews: cluster().reviews, clock: () => 0 });
  assert.equal(await decide(undefined), 'NoToken');
  assert.equal(await decide('Basic dXNlcjpwYXNz'), 'NoToken');
  assert.equal(await decide('Bearer two words'), 'NoToken');
  assert.equal(await decide('Bearer stranger'), 'Unknown');
  assert.equal(await decide('Bearer user-other'), 'Forbidden');
  assert.equal(await decide('Bearer user-reader'), 'Allowed');
});

test('a decision holds for a minute, and is made once for requests that come together', async () => {
  const { asked, reviews } = cluster();
  let nowMs = 0;
  const { decide } = gate({ reviews, clock: () => nowMs });
  await Promise.all([decide('Bearer user-reader'), decide('bearer user-reader')]);
  nowMs = 59_999;
  assert.equal(await decide('Bearer user-reader'), 'Allowed');
  assert.equal(asked.length, 1);
  nowMs = 60_000;
  await decide('Bearer user-reader');
  assert.equal(asked.length, 2);
});

test('what could not be asked lets nobody in and is asked again', async () => {
  const { asked, reviews } = cluster();
  const { decide } = gate({ reviews, clock: () => 0 });
  await assert.rejects(decide('Bearer down'), /cannot be reached/);
  await assert.rejects(decide('Bearer down'));
  assert.equal(asked.length, 2);
});

test('no more decisions are remembered than there is room for', async () => {
  const { asked, reviews } = cluster();
  const { decide } = gate({ reviews, clock: () => 0, most: 2 });
  for (const token of ['a', 'b', 'c', 'c', 'a']) await decide(`Bearer ${token}`);
  assert.deepEqual(asked, ['a', 'b', 'c', 'a']);
});

test('a token has the characters that a token may have, and no boundless length', () => {
  assert.equal(bearerToken('Bearer eyJh.bG-c_i~+/='), 'eyJh.bG-c_i~+/=');
  assert.equal(bearerToken('Bearer a\nb'), undefined);
  assert.equal(bearerToken(`Bearer ${'a'.repeat(20_000)}`), undefined);
});

test('an address is open only where it is of this machine', () => {
  assert.deepEqual(pageAddress('127.0.0.1:9091'), { host: '127.0.0.1', port: 9091, local: true });
  assert.deepEqual(pageAddress('9091'), { host: '127.0.0.1', port: 9091, local: true });
  assert.deepEqual(pageAddress('[::1]:80'), { host: '::1', port: 80, local: true });
  assert.deepEqual(pageAddress('0.0.0.0:8080'), { host: '0.0.0.0', port: 8080, local: false });
  assert.deepEqual(pageAddress('[::]:8080'), { host: '::', port: 8080, local: false });
  assert.equal(pageAddress('127.0.0.1.evil.example:80')?.local, false);
  assert.equal(pageAddress('off'), undefined);
  for (const wrong of ['', ':80', 'host', 'host:99999', 'a b:80'])
    assert.throws(() => pageAddress(wrong), /--page takes/);
});

test('a name that merely resolves to this machine is none of its own', () => {
  for (const host of ['localhost', 'localhost:9091', '127.0.0.1:9091', '[::1]:9091']) assert.ok(namesThisMachine(host));
  for (const host of [undefined, 'evil.example', 'localhost.evil.example:9091']) assert.ok(!namesThisMachine(host));
});
