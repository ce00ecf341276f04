import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutStatus } from '../../api/latency-sla.ts';
import {
  advance,
  type Comparison,
  drainMs,
  type RolloutAction,
  type RolloutSnapshot,
  type TrackState,
} from './canary.ts';

const oldUri = 'file:///old';
const newUri = 'file:///new';
const theirUri = 'file:///theirs';
const start = Date.parse('2026-01-01T00:00:00Z');
const at = new Date(start).toISOString();

const rollout: RolloutStatus = {
  variant: 'v',
  modelUri: newUri,
  digest: `sha256:${'0'.repeat(64)}`,
  previousUri: oldUri,
  step: 'Starting',
  started: at,
  stepSince: at,
};

const serving = (modelUri: string): TrackState => ({ modelUri, settled: true });
const unknown: Comparison = { verdict: 'CannotTell', evidence: 'too few' };

function snapshot(change: Partial<RolloutSnapshot>): RolloutSnapshot {
  return {
    rollout,
    stable: serving(oldUri),
    canary: serving(newUri),
    baseline: serving(oldUri),
    comparison: unknown,
    timeoutMs: 60_000,
    nowMs: start + 1000,
    ...change,
  };
}

const stepping = (step: RolloutStatus['step'], reason?: string): RolloutStatus => ({ ...rollout, step, reason });

test('starting waits for canary and baseline, and makes them', () => {
  const { actions, rollout: next } = advance(snapshot({ canary: undefined }));
  assert.deepEqual(actions, [{ kind: 'EnsureCanary' }]);
  assert.equal(next.step, 'Starting');
  assert.equal(advance(snapshot({})).rollout.step, 'Comparing');
});

test('a canary that can not start, or not in time, is rolled back', () => {
  const crashing = { modelUri: newUri, settled: false, failure: 'container server: CrashLoopBackOff' };
  const { rollout: next } = advance(snapshot({ canary: crashing }));
  assert.deepEqual([next.step, next.reason, next.message], ['RollingBack', 'CanaryNotReady', crashing.failure]);
  const late = advance(snapshot({ canary: undefined, nowMs: start + 61_000 }));
  assert.equal(late.rollout.step, 'RollingBack');
});

test('the comparison decides, and no decision in time is a rollback', () => {
  const comparing = { rollout: stepping('Comparing') };
  const next = (comparison: Comparison, nowMs = start) =>
    advance(snapshot({ ...comparing, comparison, nowMs })).rollout;
  assert.equal(next({ verdict: 'Pass', evidence: '' }).step, 'Promoting');
  assert.equal(next({ verdict: 'Fail', evidence: '' }).reason, 'CanaryWorse');
  assert.equal(next(unknown).step, 'Comparing');
  assert.equal(next(unknown, start + 61_000).reason, 'Inconclusive');
});

test('an outage of metrics takes the canary back and says nothing about it', () => {
  const blind: Comparison = { verdict: 'CannotTell', evidence: 'Prometheus did not answer', blind: true };
  const { rollout: next } = advance(
    snapshot({ rollout: stepping('Comparing'), comparison: blind, nowMs: start + 61_000 }),
  );
  assert.deepEqual([next.step, next.reason], ['RollingBack', 'MetricsLost']);
  const over = advance(snapshot({ rollout: next, canary: undefined, baseline: undefined }));
  assert.equal(over.outcome, 'Abandoned');
});

test('nothing is removed before the workload itself serves the new variant', () => {
  const promoting = stepping('Promoting');
  assert.deepEqual(advance(snapshot({ rollout: promoting })).actions, [{ kind: 'SetModel', uri: newUri }]);
  const halfway = advance(snapshot({ rollout: promoting, stable: { modelUri: newUri, settled: false } }));
  assert.deepEqual([halfway.actions, halfway.rollout.step], [[], 'Promoting']);
  assert.equal(advance(snapshot({ rollout: promoting, stable: serving(newUri) })).rollout.step, 'Cleaning');
});

test('a promoted variant is taken back when it fails alone, and stays when nothing speaks against it', () => {
  const proving = { rollout: stepping('Proving'), stable: serving(newUri), canary: undefined, baseline: undefined };
  const next = (change: Partial<RolloutSnapshot>) => advance(snapshot({ ...proving, ...change }));
  assert.equal(next({}).rollout.step, 'Proving');
  assert.equal(next({ proof: { verdict: 'Pass', evidence: 'as measured' } }).outcome, 'Promoted');
  assert.equal(next({ nowMs: start + 61_000 }).outcome, 'Promoted');
  const failed = next({ proof: { verdict: 'Fail', evidence: 'p99 900 ms' } }).rollout;
  assert.deepEqual([failed.step, failed.reason], ['RollingBack', 'WorseUnderLoad']);
  assert.deepEqual(next({ rollout: failed }).actions, [{ kind: 'SetModel', uri: oldUri }]);
  const halfway = { rollout: failed, stable: { modelUri: oldUri, settled: false } };
  assert.deepEqual([next(halfway).outcome, next(halfway).actions], [undefined, []]);
  assert.equal(next({ rollout: failed, stable: serving(oldUri) }).outcome, 'RolledBack');
  assert.equal(next({ stable: serving(oldUri) }).rollout.reason, 'WorkloadEdited');
  assert.equal(next({ unwanted: 'the SLA is deleted' }).rollout.reason, 'Unwanted');
});

test('an edit by someone else ends the rollout and leaves their model alone', () => {
  const { rollout: next } = advance(snapshot({ stable: serving('file:///theirs') }));
  assert.deepEqual([next.step, next.reason], ['RollingBack', 'WorkloadEdited']);
  const over = advance(
    snapshot({ rollout: next, stable: serving('file:///theirs'), canary: undefined, baseline: undefined }),
  );
  assert.deepEqual([over.outcome, over.actions], ['Abandoned', []]);
});

test('a workload that is gone abandons the rollout', () => {
  assert.equal(advance(snapshot({ stable: undefined })).outcome, 'Abandoned');
});

test('a share is proven before the next one is given, and none is compared before it is given', () => {
  const weighed = (weight: number, status: Partial<RolloutStatus>, comparison: Comparison = unknown) =>
    advance(
      snapshot({ rollout: { ...stepping('Comparing'), ...status }, steps: [50, 10], weight, comparison, nowMs: start }),
    );
  const pass: Comparison = { verdict: 'Pass', evidence: 'faster' };
  const first = weighed(0, {}, pass);
  assert.deepEqual([first.actions, first.rollout.weight], [[{ kind: 'SetWeight', percent: 10 }], 10]);
  const second = weighed(10, { weight: 10 }, pass);
  assert.deepEqual([second.actions, second.rollout.step, second.rollout.weight], [[], 'Comparing', 50]);
  assert.deepEqual(weighed(10, { weight: 50 }, pass).actions, [{ kind: 'SetWeight', percent: 50 }]);
  assert.equal(weighed(50, { weight: 50 }, pass).rollout.step, 'Promoting');
  assert.equal(weighed(10, { weight: 50 }, { verdict: 'Fail', evidence: '' }).rollout.step, 'RollingBack');
});

test('a canary is removed when the router has left it out for as long as requests may be under way', () => {
  const failed = { ...stepping('RollingBack', 'CanaryWorse'), weight: 50 };
  const out = advance(snapshot({ rollout: failed, weight: 50 }));
  assert.deepEqual(out.actions, [{ kind: 'SetWeight', percent: 0 }]);
  const later = (ms: number) =>
    advance(snapshot({ rollout: out.rollout, weight: 0, nowMs: start + 1000 + ms })).actions;
  assert.deepEqual([later(drainMs - 1), later(drainMs)], [[], [{ kind: 'RemoveCanary' }]]);
});

test('a revision of the workload is compared with what is stable, and may be promoted or given up by its own controller', () => {
  const inPlace = { inPlace: true, baseline: undefined };
  assert.equal(advance(snapshot(inPlace)).rollout.step, 'Comparing');
  const comparing = { ...inPlace, rollout: stepping('Comparing') };
  const promoted = advance(snapshot({ ...comparing, stable: serving(newUri), canary: undefined })).rollout;
  assert.deepEqual([promoted.step, promoted.reason], ['Promoting', 'PromotedElsewhere']);
  const aborted = { modelUri: newUri, settled: false, failure: 'RolloutAborted: metric "errors" failed' };
  for (const step of ['Comparing', 'Promoting'] as const) {
    const { rollout: next } = advance(snapshot({ ...inPlace, rollout: stepping(step), canary: aborted }));
    assert.deepEqual([next.step, next.message], ['RollingBack', aborted.failure]);
  }
});

test('what was left by another rollout is no canary of this one', () => {
  const left = { modelUri: 'file:///left', settled: true, failure: undefined };
  assert.deepEqual(advance(snapshot({ canary: left })).actions, [{ kind: 'EnsureCanary' }]);
  assert.equal(advance(snapshot({ rollout: stepping('Comparing'), canary: left })).rollout.step, 'Starting');
});

/** One kind of target for the exhaustive test: how it weighs, and whether its canary is a revision of the workload. */
type Kind = Pick<RolloutSnapshot, 'weight' | 'steps' | 'inPlace'>;
const kinds: Record<string, Kind> = {
  'that shares by pods': {},
  'that weighs': { weight: 0, steps: [5, 20, 50] },
  'that weighs revisions': { weight: 0, steps: [10, 50], inPlace: true },
  'whose own controller steps': { inPlace: true },
};
const happenings = [
  'settle',
  'crash',
  'pass',
  'fail',
  'disprove',
  'wait',
  'lose',
  'promote',
  'edit',
  'disown',
  'repeat',
] as const;

/** A cluster that obeys actions, with crashes, deletions and verdicts at the generator's will. */
class World {
  s: RolloutSnapshot;
  /** Percentages at which a comparison passed, in order. */
  readonly passed: (number | undefined)[] = [];

  constructor(kind: Kind) {
    this.s = snapshot({ canary: undefined, baseline: undefined, ...kind });
  }

  happen(what: (typeof happenings)[number]): void {
    const { s } = this;
    const whole = (track: TrackState | undefined) => track && !track.failure && { ...track, settled: true };
    if (what === 'settle') {
      s.stable = whole(s.stable) || s.stable;
      s.canary = whole(s.canary) || s.canary;
      s.baseline = whole(s.baseline) || s.baseline;
    }
    if (what === 'crash' && s.canary) s.canary = { ...s.canary, settled: false, failure: 'crash' };
    if (what === 'pass') s.comparison = s.proof = { verdict: 'Pass', evidence: 'faster' };
    if (what === 'fail') s.comparison = { verdict: 'Fail', evidence: 'slower' };
    if (what === 'disprove') s.proof = { verdict: 'Fail', evidence: 'slower under all of the load' };
    if (what === 'lose' && !s.inPlace) s.canary = undefined;
    // A controller of its own may take what it was given to all replicas before anybody compared.
    if (what === 'promote' && s.inPlace && s.weight === undefined && s.canary?.settled) this.promote(s.canary.modelUri);
    if (what === 'disown') s.unwanted = 'the SLA is deleted';
    if (what === 'edit') s.stable = { modelUri: theirUri, settled: false };
    s.nowMs += 5000;
  }

  promote(modelUri: string): void {
    const { s } = this;
    if (s.inPlace) s.canary = undefined;
    if (s.inPlace && s.weight !== undefined) s.weight = 0;
    s.stable = { modelUri, settled: false };
  }

  act(action: RolloutAction): void {
    const { s } = this;
    if (action.kind === 'EnsureCanary') {
      if (s.canary?.modelUri !== newUri) s.canary = { modelUri: newUri, settled: false };
      if (!s.inPlace) s.baseline ??= { modelUri: oldUri, settled: false };
    } else if (action.kind === 'SetWeight') {
      if (action.percent > 0) {
        assert.ok(s.canary?.modelUri === newUri, 'nothing is served by what is not there');
        assert.ok(action.percent <= 50, 'the proven model serves at least as much');
        const before = (s.steps ?? []).filter((step) => step < action.percent);
        assert.deepEqual(
          this.passed.slice(-before.length || this.passed.length),
          before,
          'every smaller share was proven',
        );
      }
      s.weight = action.percent;
    } else if (action.kind === 'RemoveCanary') {
      assert.ok(!s.weight, 'what is removed serves nothing');
      assert.ok(s.stable?.settled || s.stable?.modelUri === theirUri || s.rollout.step === 'RollingBack');
      s.canary = undefined;
      s.baseline = undefined;
    } else {
      assert.notEqual(s.stable?.modelUri, theirUri, 'what others set is theirs');
      if (action.uri === newUri && s.rollout.reason !== 'PromotedElsewhere') {
        assert.deepEqual(this.passed.slice(-(s.steps?.length ?? 1)), s.steps ?? [100], 'every share was proven');
      }
      this.promote(action.uri);
    }
  }
}

/** One step of a world; true when the rollout is over, and then it is whole. */
function step(world: World, happens: (typeof happenings)[number]): boolean {
  const { s } = world;
  world.happen(happens);
  const decision = advance(s);
  if (decision.outcome) {
    const own = decision.outcome === 'Promoted' ? newUri : oldUri;
    assert.ok(s.stable?.modelUri === own || s.stable?.modelUri === theirUri);
    assert.ok(decision.outcome !== 'Promoted' || s.proof?.verdict !== 'Fail', 'nothing disproved is kept');
    assert.deepEqual([s.canary, s.baseline], [undefined, undefined]);
    assert.ok(!s.weight);
    return true;
  }
  const { stepSince, step: present } = s.rollout;
  if (
    present === 'Comparing' &&
    decision.rollout.reason === 'CanaryBetter' &&
    decision.rollout.stepSince !== stepSince
  ) {
    world.passed.push(s.weight ?? 100);
    // The next share is compared by samples of its own.
    s.comparison = unknown;
  }
  if (decision.rollout.step === 'Starting') world.passed.length = 0;
  s.rollout = decision.rollout;
  // The process dies before it acts, and the next one decides from what was written.
  if (happens !== 'repeat') for (const action of decision.actions) world.act(action);
  const unproven = s.stable?.modelUri === newUri && world.passed.length === 0;
  assert.ok(!unproven || s.weight === undefined, 'never are unproven pods all that serve');
  return false;
}

/** What decides how a world goes on: its state, with times by their distance from now. */
function fingerprint({ s, passed }: World): string {
  const { stepSince, weightSince, step: present, reason, weight } = s.rollout;
  const ago = (time: string | undefined) => time && Math.min(s.nowMs - Date.parse(time), s.timeoutMs + 5000);
  const tracks = [s.stable, s.canary, s.baseline].map((t) => t && [t.modelUri, t.settled, t.failure]);
  return JSON.stringify([
    tracks,
    s.weight,
    s.unwanted,
    s.comparison,
    s.proof,
    present,
    reason,
    weight,
    ago(stepSince),
    ago(weightSince),
    passed,
  ]);
}

function copyOf(world: World): World {
  const copy = new World({});
  Object.assign(copy.s, structuredClone(world.s));
  copy.passed.push(...world.passed);
  return copy;
}

for (const [name, kind] of Object.entries(kinds)) {
  test(`in every order of events, a rollout on a target ${name} ends with one model and nothing beside it`, () => {
    const first = new World(kind);
    first.s.timeoutMs = 14_000;
    const seen = new Map([[fingerprint(first), first]]);
    const open = [first];
    let ends = 0;
    for (let world = open.pop(); world; world = open.pop()) {
      for (const happens of happenings) {
        const next = copyOf(world);
        if (step(next, happens)) ends++;
        else if (!seen.has(fingerprint(next))) {
          seen.set(fingerprint(next), next);
          open.push(next);
        }
      }
    }
    assert.ok(ends > 0 && seen.size > 100, `${seen.size} states`);
    // From everywhere, it ends by itself when nothing happens any more but that pods become ready.
    for (const world of seen.values()) {
      let left = 60;
      while (!step(world, 'settle')) assert.ok(left-- > 0, `it never ends: ${fingerprint(world)}`);
    }
  });
}
