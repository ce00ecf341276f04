import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from './blocks.ts';
import { gaps, masked, type Proof } from './proof.ts';

const block = (text: string): Block => ({ page: 'a.md', line: 7, language: 'sh', text });
const proof = (starts: string): Proof => ({ page: 'a.md', starts, untried: '' });

test('a block without a proof is named by page and line, and so are proofs of none and of several', () => {
  assert.deepEqual(gaps([block('one\ntwo')], [proof('one')]), []);
  assert.deepEqual(gaps([block('one\ntwo')], []), [
    'a.md:7: "one" is tried by no test: add it to test/docs/proofs.ts, and say how it is proved',
  ]);
  assert.match(gaps([block('one')], [proof('one'), proof('o')]).join(), /has 2 proofs/);
  assert.match(gaps([], [proof('one')]).join(), /^a\.md has no block that starts with "one" any more/);
});

test('figures, ages and the ends of names are no difference, words are', () => {
  const [a, b] = ['quick-z01p0wwr: p99 9.00 ms,    98% for 40s ', 'quick-sqw70rjn: p99 12.5 ms,  7% for 3s'];
  assert.equal(masked(a), masked(b));
  assert.notEqual(masked(a), masked(b.replace('p99', 'p50x')));
  assert.notEqual(masked('quick-base'), masked('quick-z01p0wwr'));
});
