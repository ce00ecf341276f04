import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LatencySLAStatus } from '../../api/latency-sla.ts';
import { aSearch, condition, measured, profile, run, snapshotOf } from '../../controllers/search/fixtures.ts';
import type { SearchSnapshot } from '../../controllers/search/gather.ts';
import { nowMs, putSla, quick, web, withSearch } from '../cluster/fixtures.ts';
import { coloured, plain } from '../show/style.ts';
import { columnsOf } from '../show/text.ts';
import { explain } from './explain.ts';
import type { Explanation } from './reason.ts';

const ask = async (snapshot: SearchSnapshot, name: string, where?: string) => {
  const { connection } = await withSearch(snapshot);
  const explanation = (await explain(connection, name)).data as Explanation;
  const reason = explanation.reasons.find((one) => one.where === where);
  assert.ok(reason, JSON.stringify(explanation));
  return { ...reason, text: reason.because.join('; ') };
};

const statusOf = ({ search }: SearchSnapshot, accelerator = 'fast') => {
  const found = search.status?.accelerators?.find(({ name }) => name === accelerator);
  assert.ok(found);
  return found;
};

test('the recommended variant is so by the rule of the search, within its limits', async () => {
  const snapshot = quick();
  const found = await ask(snapshot, statusOf(snapshot).recommended ?? '', 'fast');
  assert.equal(found.verdict, 'Recommended');
  assert.match(found.text, /the most accurate on the front that keeps the limits: .*p99 within 10 ms/);
  const free = quick({ latency: {}, quality: undefined });
  const fastest = await ask(free, statusOf(free).recommended ?? '', 'fast');
  assert.match(fastest.text, /the fastest on the front/);
});

test('what is not on the front is dominated by one that is named, or equal to one, and what is on it is neither', async () => {
  const snapshot = quick({ budget: { maxVariants: 16, parallelism: 2 } });
  const front = statusOf(snapshot).front.map(({ variant }) => variant);
  const seen = new Set<string>();
  for (const { metadata } of snapshot.variants) {
    const found = await ask(snapshot, metadata.name, 'fast');
    seen.add(found.verdict);
    if (front.includes(metadata.name)) assert.ok(['OnTheFront', 'Recommended'].includes(found.verdict), found.text);
    else {
      const how = found.verdict === 'Equal' ? '' : 'dominated by ';
      assert.ok(['Equal', 'Dominated'].includes(found.verdict), found.text);
      assert.ok(
        front.some((name) => found.text.includes(`${how}${name}`)),
        found.text,
      );
    }
  }
  assert.deepEqual([...seen].sort(), ['Dominated', 'Equal', 'OnTheFront', 'Recommended']);
});

test('one on the front is not recommended for the limits that it breaks, or for one that comes before it', async () => {
  const snapshot = quick();
  const { front, recommended } = statusOf(snapshot);
  const others = front.filter(({ variant }) => variant !== recommended);
  assert.ok(others.length > 0);
  for (const { variant, p99Ms } of others) {
    const found = await ask(snapshot, variant, 'fast');
    assert.equal(found.verdict, 'OnTheFront');
    const why = p99Ms > 10 ? /over the threshold of 10 ms/ : new RegExp(`it keeps all limits, and ${recommended}`);
    assert.match(found.text, why);
  }
  const [first] = front;
  const strict = quick({ quality: { metric: 'Top1', floor: '99.9%' } });
  const low = await ask(strict, first?.variant ?? '', 'fast');
  assert.match(low.text, /Top1 is not above 99\.90%/);
});

test('a figure beyond its limit keeps a variant off the front', async () => {
  const work = (macs: number) => ({
    ...{ macs, bytesMoved: 1, weightBytes: 1, peakActivationBytes: 1, parts: [], fits: {} },
  });
  const search = aSearch({ figures: [{ name: 'Macs', limit: '500', objective: false }] });
  const done = run(snapshotOf(search, [profile('fast')]), undefined, (trial, variant) => {
    const made = measured(trial, variant);
    const macs = trial.spec.variantRef.name === 'quick-base' ? 1000 : 400;
    return { ...made, status: { ...made.status, work: work(macs), conditions: made.status?.conditions } };
  });
  const found = await ask(done, 'quick-base', 'fast');
  assert.equal(found.verdict, 'BeyondLimit');
  assert.match(found.text, /Macs is 1k, beyond the limit of 500/);
});

test('what failed and what was let go early says so, with the command that tries it again', async () => {
  const snapshot = quick();
  const [trial] = snapshot.trials.filter(({ spec }) => spec.variantRef.name !== 'quick-base');
  assert.ok(trial);
  const { name } = trial.spec.variantRef;
  const withTrial = (status: typeof trial.status) => ({
    ...snapshot,
    trials: snapshot.trials.map((one) => (one === trial ? { ...one, status } : one)),
  });
  const failed = await ask(withTrial({ conditions: [condition('Succeeded', 'False', 'OutOfMemory')] }), name, 'fast');
  assert.equal(failed.verdict, 'TrialFailed');
  assert.match(failed.text, new RegExp(`retune retry tr/${trial.metadata.name}`));
  const early = await ask(
    withTrial({ ...trial.status, conditions: trial.status?.conditions, stoppedEarly: true }),
    name,
    'fast',
  );
  assert.equal(early.verdict, 'StoppedEarly');
  const variants = snapshot.variants.map((one) =>
    one.metadata.name === name
      ? { ...one, status: { conditions: [condition('Ready', 'False', 'TrainerFailed')] } }
      : one,
  );
  const notMade = await ask({ ...snapshot, variants }, name);
  assert.deepEqual(
    [notMade.verdict, notMade.because.at(-1)],
    ['NotMade', `try it again with: retune retry var/${name}`],
  );
});

test('a variant that was skipped is so by its forecast, which is named, and by one that was measured', async () => {
  const budget = { maxVariants: 14, parallelism: 2 };
  const first = run(snapshotOf(aSearch({ budget }), [profile('fast')]));
  // What is made for the slow one later is of no use to the fast one, which has seen enough to tell.
  const done = run({ ...first, profiles: [profile('fast'), profile('slow')] });
  assert.ok((statusOf(done).skipped ?? 0) > 0, 'the scenario must skip some');
  const { connection } = await withSearch(done);
  const verdicts = new Map<string, string>();
  for (const { metadata } of done.variants) {
    const { reasons } = (await explain(connection, metadata.name)).data as Explanation;
    const fast = reasons.find(({ where }) => where === 'fast');
    verdicts.set(fast?.verdict ?? '', fast?.because.join() ?? '');
  }
  assert.match(
    verdicts.get('NotWorthMeasuring') ?? '',
    /p99 is forecast at [\d.]+ ms, with 90% certainty between .*: quick-\S+ \(.*\) is at least as accurate and faster/,
  );
});

test('a search says why it ended and what it recommends where', async () => {
  const snapshot = quick();
  const whole = await ask(snapshot, 'quick');
  assert.equal(whole.verdict, 'Completed');
  const here = await ask(snapshot, 'quick', 'fast');
  assert.equal(here.verdict, `recommends ${statusOf(snapshot).recommended}`);
  assert.match(here.text, /7 measured, of which \d on the front/);
  assert.match(here.text, /\d keep the limits: .*p99 within 10 ms/);
});

test('a verdict comes with its evidence, what serves at this load, and what happened', async () => {
  const snapshot = quick();
  const at = new Date(nowMs).toISOString();
  const trials = snapshot.trials.map((trial) => ({
    ...trial,
    status: {
      ...trial.status,
      loadCurve: [
        { ratePerSecond: 10, p99Ms: 20 },
        { ratePerSecond: 20, p99Ms: 300 },
      ],
    },
  }));
  const { connection, cluster } = await withSearch({ ...snapshot, trials });
  const status: LatencySLAStatus = {
    ...{ observedGeneration: 1, verdict: 'Violated', cause: 'Load', accelerator: 'fast', activeVariant: 'quick-base' },
    measured: { percentileMs: 212, samples: 900, ratePerSecond: 45, replicas: 3, at },
    history: [{ at, event: 'Verdict', reason: 'ViolatedLoad', message: 'p99 is 212 ms' }],
    conditions: [
      { ...condition('Met', 'False', 'Violated'), message: 'p99 is 212 ms: 15.0 requests/s a replica' },
      { ...condition('Ready', 'True', 'Cooldown'), message: 'resting after the last rollout' },
    ],
  };
  await putSla(
    cluster,
    web(status, { objective: { percentile: 'P99', threshold: '50ms', window: '30s', budgetPeriod: '720h' } }),
  );
  const shown = await explain(connection, 'web');
  const { reasons } = shown.data as Explanation;
  assert.deepEqual(
    reasons.map(({ verdict }) => verdict),
    ['Violated by Load', 'serves quick-base', 'Cooldown'],
  );
  const text = reasons.flatMap(({ because }) => because).join('\n');
  assert.match(text, /p99 is 212 ms: 15\.0 requests\/s a replica/);
  assert.match(text, /at 15\.0 requests\/s a replica, by the load curves/);
  assert.match(text, /quick-base, which serves: p99 160\.0 ms, over the threshold \(98\.00% Top1\)/);
  for (const style of [plain(80), coloured(80)]) {
    const lines = shown.lines(style);
    assert.ok(lines.every((line) => columnsOf(line) <= 80));
    assert.ok(lines.some((line) => line.includes('ViolatedLoad')));
  }
});
