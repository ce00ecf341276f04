import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Comparison } from './canary.ts';
import { type CanaryObjective, compareSides, fewestToPass, type Side } from './compare.ts';

const bounds = [5, 10, 25, 50, 100, Number.POSITIVE_INFINITY];
const p99: CanaryObjective = { quantile: 0.99, thresholdMs: 50, minSamples: 100 };
const random = xoroshiro128plus(11);

/** How often requests take at most each of the bounds. */
type Shape = readonly number[];
const usual: Shape = [0.1, 0.4, 0.9, 0.995, 1, 1];
const quick: Shape = [0.6, 0.9, 0.99, 0.9995, 1, 1];
const breached: Shape = [0, 0.1, 0.3, 0.6, 0.9, 1];
const withSlow = (share: number): Shape => [0.1, 0.4, 0.9 * (1 - share), 1 - share, 1, 1];

const empty = (): Side => ({ histogram: { bounds, counts: bounds.map(() => 0) }, failures: { failed: 0, of: 0 } });

function serve({ histogram: { counts }, failures }: Side, shape: Shape, failing: number): void {
  const at = uniformFloat64(random);
  for (const [i, share] of shape.entries()) if (at < share || i === bounds.length - 1) counts[i] = (counts[i] ?? 0) + 1;
  if (failures) {
    failures.of++;
    if (uniformFloat64(random) < failing) failures.failed++;
  }
}

interface Scenario {
  canary: Shape;
  baseline: Shape;
  failing?: number;
}

/** One rollout of ten requests a second to each side, looked at every second for five minutes. */
function rollout(
  { canary, baseline, failing = 0 }: Scenario,
  objective = p99,
): { verdict: Comparison['verdict']; seconds: number } {
  const [mine, theirs] = [empty(), empty()];
  for (let seconds = 1; seconds <= 300; seconds++) {
    for (let i = 0; i < 10; i++) {
      serve(mine, canary, failing);
      serve(theirs, baseline, 0);
    }
    const { verdict } = compareSides(mine, theirs, objective);
    if (verdict !== 'CannotTell') return { verdict, seconds };
  }
  return { verdict: 'CannotTell', seconds: 300 };
}

const many = (count: number, scenario: Scenario) => Array.from({ length: count }, () => rollout(scenario));
const share = (runs: { verdict: string }[], verdict: string) =>
  runs.filter((run) => run.verdict === verdict).length / runs.length;
const median = (runs: { seconds: number }[]) =>
  runs.map(({ seconds }) => seconds).sort((a, b) => a - b)[runs.length >> 1] ?? 0;

test('a canary as bad as its baseline is neither passed nor failed, in at most 1 of 100 rollouts of 300 looks', () => {
  const runs = many(300, { canary: withSlow(0.03), baseline: withSlow(0.03) });
  assert.ok(share(runs, 'Pass') <= 0.01, `passed ${share(runs, 'Pass')}`);
  assert.ok(share(runs, 'Fail') <= 0.01, `failed ${share(runs, 'Fail')}`);
});

test('a canary that is no worse is failed in at most 1 of 100 rollouts', () => {
  for (const canary of [usual, quick]) {
    const runs = many(300, { canary, baseline: usual });
    assert.ok(share(runs, 'Fail') <= 0.01, `failed ${share(runs, 'Fail')}`);
  }
});

test('a canary that does not meet the objective where its baseline does is never passed, and failed within five minutes', () => {
  const runs = many(200, { canary: withSlow(0.05), baseline: usual });
  assert.equal(share(runs, 'Pass'), 0);
  assert.ok(share(runs, 'Fail') >= 0.95, `failed ${share(runs, 'Fail')}`);
  assert.ok(median(runs) <= 60, `after ${median(runs)} s`);
});

test('a canary that is fast in general and slow in the tail is not passed for being fast', () => {
  const runs = many(200, { canary: [0.6, 0.9, 0.95, 0.95, 1, 1], baseline: usual });
  assert.ok(share(runs, 'Pass') <= 0.01, `passed ${share(runs, 'Pass')}`);
});

test('a canary that ends a breach is passed in seconds, also where the load is light enough to hide the breach', () => {
  const ending = many(50, { canary: quick, baseline: breached });
  assert.deepEqual([share(ending, 'Pass'), median(ending) <= 12], [1, true], `after ${median(ending)} s`);
  const hidden = many(50, { canary: quick, baseline: usual });
  assert.ok(share(hidden, 'Pass') === 1 && median(hidden) <= 30, `after ${median(hidden)} s`);
});

test('a canary that answers with errors fails, however fast it is', () => {
  const wrong = many(50, { canary: quick, baseline: breached, failing: 1 });
  assert.ok(share(wrong, 'Fail') === 1 && median(wrong) <= 2, `after ${median(wrong)} s`);
  const some = many(100, { canary: quick, baseline: usual, failing: 0.1 });
  assert.equal(share(some, 'Pass'), 0);
  assert.ok(share(some, 'Fail') === 1 && median(some) <= 20, `after ${median(some)} s`);
});

test('a slower canary inside the objective is passed: it is the more accurate one', () => {
  const runs = many(50, { canary: withSlow(0.001), baseline: quick });
  assert.ok(share(runs, 'Pass') >= 0.95, `passed ${share(runs, 'Pass')}`);
});

test('too few requests are told, and P50 is compared like P99', () => {
  const few = compareSides(empty(), empty(), p99);
  assert.match(few.evidence, /0 requests to the canary and 0 to the baseline are too few: 100 each are needed/);
  const p50 = { quantile: 0.5, thresholdMs: 10, minSamples: 100 };
  assert.equal(rollout({ canary: quick, baseline: usual }, p50).verdict, 'Pass');
  assert.equal(rollout({ canary: breached, baseline: quick }, p50).verdict, 'Fail');
});

test('a faster canary without a slow request passes after as many as are needed at least, and not before', () => {
  for (const objective of [p99, { ...p99, quantile: 0.9 }, { ...p99, minSamples: 500 }]) {
    const few = fewestToPass(objective);
    const side = (count: number, least: number): Side => ({
      histogram: { bounds, counts: bounds.map((upper) => (upper >= least ? count : 0)) },
    });
    const verdict = (count: number) => compareSides(side(count, 5), side(count, 50), objective).verdict;
    assert.deepEqual([verdict(few - 1), verdict(few)], ['CannotTell', 'Pass'], `${few}`);
  }
});
