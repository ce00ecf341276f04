import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allBlocks, type Block } from './blocks.ts';
import { gaps, isOf, type Means } from './proof.ts';
import { proofs } from './proofs.ts';

const blocks = allBlocks();

/** Every way by which a block is proved, that of lines of their own included. */
const waysOf = (means: Means): Means[] =>
  'bash' in means && means.without ? [means, ...waysOf(means.without.because)] : [means];

function blockOf(proof: (typeof proofs)[number]): Block {
  const block = blocks.find((one) => isOf(proof, one));
  assert.ok(block);
  return block;
}

test('every block of the pages is proved, and every proof is of a block', () => {
  assert.deepEqual(gaps(blocks, proofs), []);
});

test('what another test is said to try is in it', () => {
  for (const proof of proofs) {
    for (const way of waysOf(proof)) {
      if (!('test' in way)) continue;
      assert.ok(existsSync(way.test), `${proof.page} names ${way.test}, which is not there`);
      const text = readFileSync(way.test, 'utf8');
      for (const words of way.holds) assert.ok(text.includes(words), `${way.test} has no ${words}, for ${proof.page}`);
    }
  }
});

test('a bench that a page runs is there, and knows each option and each name that is printed', () => {
  const main = readFileSync('test/bench/main.ts', 'utf8');
  for (const proof of proofs.filter((one) => 'bench' in one)) {
    const { bench } = proof;
    assert.match(main, new RegExp(`^ {2}(?:'${bench}': |${bench},)`, 'm'), bench);
    const source = readFileSync(`test/bench/${bench}.ts`, 'utf8');
    const { text } = blockOf(proof);
    const options = [...text.matchAll(/--(\w+)/g)].map(([, name = '']) => name).filter((name) => name !== 'json');
    const printed = [...text.matchAll(/"(\w+)":/g)].map(([, name = '']) => name);
    assert.ok(options.length + printed.length > 0, bench);
    for (const name of options)
      assert.match(source, new RegExp(`\\b${name}: \\{ type: 'string'`), `${bench} --${name}`);
    for (const name of printed) assert.match(source, new RegExp(`\\b${name}\\b`), `${bench} prints ${name}`);
  }
});
