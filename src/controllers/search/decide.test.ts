import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { Variant } from '../../api/variant.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { variantOf } from './children.ts';
import { decide } from './decide.ts';
import {
  applied,
  aSearch,
  condition,
  derived,
  finished,
  finishOne,
  profile,
  reasonOf,
  run,
  snapshotOf,
  startMs,
} from './fixtures.ts';
import { trialState, variantState } from './measured.ts';

const modelDigest = `sha256:${'a'.repeat(64)}`;

test('in whatever order its pods end, a search stays within its budget, ends, and has a front for each accelerator', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(7), { minLength: 1, maxLength: 40 }), (picks) => {
      let snapshot = snapshotOf(aSearch());
      for (let i = 0; i < 60 && !snapshot.search.status?.finished; i++) {
        snapshot = finishOne(applied(snapshot, startMs + i), picks[i % picks.length] ?? 0);
        const { variants, trials } = snapshot;
        assert.ok(variants.length <= 7 && trials.length <= 14);
        const busy = [...variants.map(variantState), ...trials.map(trialState)].filter((state) => state === 'Pending');
        assert.ok(busy.length <= 2);
      }
      const { variants, trials, search } = snapshot;
      assert.deepEqual([reasonOf(snapshot), variants.length, trials.length], ['Completed', 7, 14]);
      const fronts = search.status?.accelerators ?? [];
      assert.deepEqual(
        fronts.map(({ name }) => name),
        ['fast', 'slow'],
      );
      for (const { front, recommended } of fronts) {
        const best = front.find(({ variant }) => variant === recommended);
        assert.ok(front.length > 0 && best);
      }
    }),
    { numRuns: 30 },
  );
});

test('another process that takes over at any moment makes the same children', () => {
  let snapshot = snapshotOf(aSearch());
  for (let i = 0; i < 40 && !snapshot.search.status?.finished; i++) {
    const [mine, theirs] = [decide(snapshot, startMs), decide(structuredClone(snapshot), startMs + 5000)];
    assert.deepEqual([theirs.variants, theirs.trials], [mine.variants, mine.trials]);
    // It died after writing half of them: the rest follows, and none is doubled.
    const half = { ...applied(snapshot, startMs), trials: snapshot.trials };
    snapshot = finishOne(applied(half, startMs), i);
  }
  assert.equal(reasonOf(snapshot), 'Completed');
});

test('the base model comes first and alone', () => {
  const { variants, trials } = decide(snapshotOf(aSearch()), startMs);
  assert.deepEqual([variants.map(({ metadata }) => metadata.name), trials], [['quick-base'], []]);
});

test('every variant but the base is trained, unless only the engine is told otherwise', () => {
  const search = aSearch({ trainer: { command: ['train'] }, seed: 3 });
  const [base] = decide(snapshotOf(search), startMs).variants;
  assert.ok(base && !base.spec.trainer);
  const ready = derived(base);
  const engine = { threads: 1, graphOptimization: 'Basic' } as const;
  const trainer = (chosen: Record<string, number>, precision: 'FP32' | 'INT8Dynamic') =>
    variantOf(search, { dimensions: chosen, precision, engine }, ready).spec.trainer;
  assert.equal(trainer({ depth: 3 }, 'FP32'), undefined);
  assert.deepEqual(trainer({ depth: 2 }, 'FP32'), { command: ['train'], deadline: '10m', seed: 3 });
  assert.deepEqual(trainer({}, 'INT8Dynamic'), { command: ['train'], deadline: '10m', seed: 3 });
});

test('what keeps a search from starting is a sentence', () => {
  const reason = (change: Parameters<typeof aSearch>[0], profiles?: HardwareProfile[]) => {
    const { status, variants } = decide(snapshotOf(aSearch(change), profiles), startMs);
    assert.deepEqual(variants, []);
    const { reason: why, message } = findCondition(status.conditions, 'Succeeded') ?? {};
    return `${why}: ${message}`;
  };
  assert.match(reason({ suspend: true }), /^Suspended: spec\.suspend is true/);
  assert.match(reason({ start: 'OnViolation' }), /^WaitingForViolation: it starts when a LatencySLA/);
  assert.match(reason({ accelerators: ['tpu'] }), /^AcceleratorNotFound: .*"tpu"; the cluster has fast, slow/);
  assert.match(reason({}, []), /^NoHardware: /);
});

test('a search whose time is up starts nothing, and what was measured stands', () => {
  let snapshot = snapshotOf(aSearch({ budget: { maxVariants: 7, maxDuration: '1m' } }));
  for (let i = 0; i < 5; i++) snapshot = finishOne(applied(snapshot, startMs), 0);
  const { variants, trials } = snapshot;
  const late = applied(snapshot, startMs + 60_000);
  assert.deepEqual([late.variants.length, late.trials.length], [variants.length, trials.length]);
  assert.equal(reasonOf(late), 'OutOfTime');
});

test('a base model that can not be used ends the search', () => {
  const snapshot = applied(snapshotOf(aSearch()), startMs);
  const variants = snapshot.variants.map((one) => ({
    ...one,
    status: { conditions: [condition('Ready', 'False', 'ModelMissing')] },
  }));
  const { status } = decide({ ...snapshot, variants }, startMs);
  assert.deepEqual(
    [findCondition(status.conditions, 'Succeeded')?.reason, status.finished !== undefined],
    ['BaseFailed', true],
  );
});

test('each phase is measured of each variant, is an objective, and has its threshold', () => {
  const inputs = (name: string) => ({ uri: `file:///data/${name}.npz` });
  const phases = [
    { name: 'prefill', inputs: inputs('prefill') },
    { name: 'decode', inputs: inputs('decode'), threshold: '20ms' },
  ];
  const { search, variants, trials } = finished(aSearch({ workload: { phases }, latency: { threshold: '27ms' } }));
  assert.deepEqual([variants.length, trials.length], [7, 14]);
  for (const name of variants.map(({ metadata }) => metadata.name)) {
    const its = trials.filter(({ spec }) => spec.variantRef.name === name).map(({ spec }) => spec.phase?.name);
    assert.deepEqual(its.sort(), ['decode', 'prefill']);
  }
  const [status] = search.status?.accelerators ?? [];
  const best = status?.front.find(({ variant }) => variant === status.recommended);
  assert.ok(best?.phases?.[0] && best.phases[0].name === 'decode' && best.phases[0].p99Ms <= 20);
});

test('a plain model is analysed with its base, and every other variant is told where the analysis lies', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const offered = [
    {
      name: 'precision',
      choices: [0, 50, 100],
      expected: [0.3, 0.6, 1].map((latency) => ({ latency, loss: 1 - latency })),
    },
  ];
  const { variants } = finished(aSearch({ supernet: undefined, space: { rewrites: ['precision'] } }), (variant) => {
    const made = derived(variant);
    if (!variant.spec.analyse) return made;
    return {
      ...made,
      status: { ...made.status, conditions: made.status?.conditions, dimensions: offered, analysis: digest },
    };
  });
  const [base, ...others] = variants;
  assert.deepEqual(base?.spec.analyse, {
    ...{ rewrites: ['precision'], precisions: ['FP32', 'INT8Static', 'INT8Dynamic'], batchSize: 1, maxSeconds: 150 },
  });
  assert.ok(others.length > 0 && others.every(({ spec }) => spec.analysis === digest && spec.analyse === undefined));
  assert.ok(others.some(({ spec }) => spec.candidate.precision === 'Mixed'));
});

test('a limit on a figure leaves what is beyond it unrecommended, and the search goes where it is kept', () => {
  const figures = [{ name: 'SizeBytes', limit: '1005' }];
  const { search } = finished(aSearch({ figures, latency: { threshold: '27ms' } }));
  const [status] = search.status?.accelerators ?? [];
  const recommended = status?.front.find(({ variant }) => variant === status.recommended);
  assert.ok(recommended?.figures?.[0]?.value !== undefined && recommended.figures[0].value <= 1005);
});

const overwritten = (variant: Variant): Variant => ({
  ...variant,
  status: { attempts: 1, conditions: [condition('Ready', 'False', 'ModelChanged')] },
});

test('a model that was overwritten while it was searched ends the search with a sentence', () => {
  const begun = applied(snapshotOf(aSearch()), startMs);
  const base = begun.variants.map((one) => ({ ...derived(one), status: { ...derived(one).status, modelDigest } }));
  const going = run({ ...begun, variants: base }, overwritten);
  assert.ok(going.variants.slice(1).every(({ spec }) => spec.modelDigest === modelDigest));
  assert.deepEqual([reasonOf(going), going.search.status?.modelDigest], ['ModelChanged', modelDigest]);
  const { message } = findCondition(going.search.status?.conditions, 'Succeeded') ?? {};
  assert.match(message ?? '', /run retune retry, or make a new NASSearch/);
  const failed = going.variants.filter((one) => variantState(one) === 'Failed');
  assert.equal(failed.length, 1, 'nothing more is made of it');
});

test('where a search had ended before, what it found holds, and nothing is made of another model on new hardware', () => {
  const before = finished(aSearch({ budget: { maxVariants: 20, parallelism: 2 } }));
  const { finished: _, ...status } = before.search.status ?? {};
  const more = { ...before, profiles: ['fast', 'slow'].map(profile), search: { ...before.search, status } };
  const after = run(more, overwritten);
  assert.equal(reasonOf(after), 'Completed');
  assert.ok(after.trials.some(({ spec }) => spec.accelerator === 'slow'));
  const made = after.variants.length - before.variants.length;
  assert.ok(made > 0 && made <= 2, `${made} were made`);
  const { message } = findCondition(after.search.status?.conditions, 'Succeeded') ?? {};
  assert.match(message ?? '', /; no more are made: ModelChanged$/);
});
