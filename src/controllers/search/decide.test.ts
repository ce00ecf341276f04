import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apiVersion } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { NASSearch, NASSearchSpec } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { withDefaults } from '../../api/validate.ts';
import type { Variant } from '../../api/variant.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { variantOf } from './children.ts';
import { decide } from './decide.ts';
import type { SearchSnapshot } from './gather.ts';
import { trialState, variantState } from './summary.ts';

const startMs = Date.parse('2026-01-01T12:00:00Z');
const at = new Date(startMs).toISOString();
const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  ...{ type, status, reason, message: reason, lastTransitionTime: at },
});
const dimensions = ['depth', 'width', 'kernel'].map((name) => ({ name, choices: [1, 2, 3] }));

function aSearch(change: Partial<Record<keyof NASSearchSpec, unknown>> = {}): NASSearch {
  const file = (name: string) => ({ uri: `file:///models/${name}` });
  return withDefaults({
    ...{ apiVersion, kind: 'NASSearch', metadata: { name: 'quick', namespace: 'default', uid: 'u', generation: 1 } },
    spec: {
      ...{ model: file('m.onnx'), supernet: file('m.json') },
      data: { heldout: file('h.npz'), calibration: file('c.npz') },
      budget: { maxVariants: 7, parallelism: 2 },
      ...change,
    } as unknown as NASSearchSpec,
  });
}

const profile = (name: string): HardwareProfile => ({
  ...{ apiVersion, kind: 'HardwareProfile', metadata: { name }, spec: { match: { type: name } } },
  status: { conditions: [condition('Ready', 'True', 'Stable')] } as HardwareProfile['status'],
});

const snapshotOf = (search: NASSearch, profiles = ['fast', 'slow'].map(profile)): SearchSnapshot => ({
  ...{ search, variants: [], trials: [], slas: [], profiles },
});

const derived = (variant: Variant): Variant => {
  const sum = Object.values(variant.spec.candidate.dimensions).reduce((total, choice) => total + choice, 0);
  const value = 0.8 + 0.02 * (sum || 9);
  return {
    ...variant,
    status: {
      artifact: { digest: `sha256:${'0'.repeat(64)}`, uri: 'file:///a', sizeBytes: 1000 + sum },
      quality: { metric: 'Top1', value, low: value, high: value, samples: 1000 },
      dimensions,
      conditions: [condition('Ready', 'True', 'Derived')],
    },
  };
};

const measured = (trial: Trial, variant: Variant | undefined): Trial => {
  const { dimensions: chosen = {}, precision = 'FP32' } = variant?.spec.candidate ?? {};
  const sum = Object.values(chosen).reduce((total, choice) => total + choice, 0) || 9;
  const ms = sum * (trial.spec.accelerator === 'fast' && precision === 'INT8Static' ? 1 : 3);
  const latency = { p50Ms: ms, p90Ms: ms, p99Ms: ms, p99LowMs: ms, p99HighMs: ms, meanMs: ms, samples: 1000 };
  return { ...trial, status: { latency, conditions: [condition('Succeeded', 'True', 'Measured')] } };
};

/** What a reconcile would do to the cluster: children by name, made once. */
function applied(snapshot: SearchSnapshot, nowMs: number): SearchSnapshot {
  const { status, variants, trials } = decide(snapshot, nowMs);
  const add = <T extends Variant | Trial>(present: T[], made: T[]) => [
    ...present,
    ...made.filter(({ metadata }) => !present.some((one) => one.metadata.name === metadata.name)),
  ];
  return {
    ...snapshot,
    search: { ...snapshot.search, status },
    variants: add(snapshot.variants, variants),
    trials: add(snapshot.trials, trials),
  };
}

const reasonOf = ({ search }: SearchSnapshot) => findCondition(search.status?.conditions, 'Succeeded')?.reason;

/** Lets one of the pending children end, the `pick`-th. */
function finishOne(snapshot: SearchSnapshot, pick: number): SearchSnapshot {
  const variants = snapshot.variants.filter((one) => variantState(one) === 'Pending');
  const trials = snapshot.trials.filter((one) => trialState(one) === 'Pending');
  const all = [...variants, ...trials].map(({ metadata }) => metadata.name);
  const name = all[pick % Math.max(1, all.length)];
  return {
    ...snapshot,
    variants: snapshot.variants.map((one) => (one.metadata.name === name ? derived(one) : one)),
    trials: snapshot.trials.map((one) => {
      const variant = snapshot.variants.find(({ metadata }) => metadata.name === one.spec.variantRef.name);
      return one.metadata.name === name ? measured(one, variant) : one;
    }),
  };
}

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

/** Runs a search to its end; every child succeeds. */
function finished(search: NASSearch, derive: (variant: Variant) => Variant = derived): SearchSnapshot {
  let snapshot = snapshotOf(search, [profile('fast')]);
  for (let i = 0; i < 80 && !snapshot.search.status?.finished; i++) {
    const next = applied(snapshot, startMs + i);
    const pending = next.variants.find((one) => variantState(one) === 'Pending');
    snapshot = pending
      ? { ...next, variants: next.variants.map((one) => (one === pending ? derive(one) : one)) }
      : finishOne(next, 0);
  }
  return snapshot;
}

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
