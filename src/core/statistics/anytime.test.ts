import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Count, type Side, shareAgainst, shareBeside } from './anytime.ts';

const random = xoroshiro128plus(7);
const alpha = 0.05;
const rollouts = 400;

const grow = (count: Count, share: number): Count => ({
  hits: count.hits + Number(uniformFloat64(random) < share),
  of: count.of + 1,
});

/** Looked at after every request, how many of the runs ever claim `wrong`. */
function claims(wrong: (side: Side) => boolean, look: (a: Count, b: Count) => Side, [p, q]: [number, number]): number {
  let found = 0;
  for (let run = 0; run < rollouts; run++) {
    let [a, b]: [Count, Count] = [
      { hits: 0, of: 0 },
      { hits: 0, of: 0 },
    ];
    for (let i = 0; i < 1000; i++) {
      [a, b] = [grow(a, p), grow(b, q)];
      if (wrong(look(a, b))) {
        found++;
        break;
      }
    }
  }
  return found;
}

test('looked at after each of a thousand requests, equal shares are told apart in at most alpha of the runs', () => {
  for (const share of [0.005, 0.05, 0.5]) {
    const found = claims(
      (side) => side !== 'CannotTell',
      (a, b) => shareBeside(a, b, alpha),
      [share, share],
    );
    assert.ok(found <= alpha * rollouts, `${found} of ${rollouts} at ${share}`);
  }
});

test('a true order is claimed the other way round in at most alpha of the runs', () => {
  const found = claims(
    (side) => side === 'Higher',
    (a, b) => shareBeside(a, b, alpha),
    [0.04, 0.06],
  );
  assert.ok(found <= alpha * rollouts, `${found}`);
});

test('a share that is exactly the one asked for is put above or below it in at most alpha of the runs', () => {
  for (const share of [0.01, 0.1, 0.5]) {
    const found = claims(
      (side) => side !== 'CannotTell',
      (a) => shareAgainst(a, share, alpha),
      [share, 0],
    );
    assert.ok(found <= alpha * rollouts, `${found} of ${rollouts} at ${share}`);
  }
});

test('differences that matter are found with few requests', () => {
  assert.equal(shareBeside({ hits: 0, of: 30 }, { hits: 12, of: 30 }, 0.01), 'Lower');
  assert.equal(shareBeside({ hits: 9, of: 9 }, { hits: 0, of: 9 }, 0.01), 'Higher');
  assert.equal(shareAgainst({ hits: 0, of: 600 }, 0.01, 0.01), 'Lower');
  assert.equal(shareAgainst({ hits: 0, of: 300 }, 0.01, 0.01), 'CannotTell');
  assert.equal(shareAgainst({ hits: 10, of: 100 }, 0.01, 0.01), 'Higher');
});

const counts = fc.nat(2000).chain((of) => fc.nat(of).map((hits) => ({ hits, of })));

test('the order of two samples does not matter, and nothing is claimed without requests', () => {
  const mirrored = { Higher: 'Lower', Lower: 'Higher', CannotTell: 'CannotTell' } as const;
  fc.assert(
    fc.property(counts, counts, (a, b) => {
      const side = shareBeside(a, b, alpha);
      assert.equal(shareBeside(b, a, alpha), mirrored[side]);
      if (a.of === 0 || b.of === 0 || a.hits * b.of === b.hits * a.of) assert.equal(side, 'CannotTell');
    }),
  );
});
