import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RolloutStatus } from '../../api/latency-sla.ts';
import { advance, type Comparison, type RolloutSnapshot, type TrackState } from './canary.ts';

const oldUri = 'file:///old';
const newUri = 'file:///new';
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

test('nothing is removed before the workload itself serves the new variant', () => {
  const promoting = stepping('Promoting');
  assert.deepEqual(advance(snapshot({ rollout: promoting })).actions, [{ kind: 'SetModel', uri: newUri }]);
  const halfway = advance(snapshot({ rollout: promoting, stable: { modelUri: newUri, settled: false } }));
  assert.deepEqual([halfway.actions, halfway.rollout.step], [[], 'Promoting']);
  assert.equal(advance(snapshot({ rollout: promoting, stable: serving(newUri) })).rollout.step, 'Cleaning');
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

/** A cluster that obeys actions, with crashes and verdicts at the generator's will: every run ends, and ends whole. */
test('whatever happens, a rollout ends with one model, settled, and nothing beside it', () => {
  const event = fc.constantFrom('settle', 'crash', 'pass', 'fail', 'wait');
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let state = snapshot({ canary: undefined, baseline: undefined });
      for (let i = 0; i < 200; i++) {
        const happens = events[i] ?? 'settle';
        let { stable, canary, baseline, comparison, nowMs } = state;
        if (happens === 'settle' && stable) stable = { ...stable, settled: true };
        if (happens === 'settle' && canary && !canary.failure) canary = { ...canary, settled: true };
        if (happens === 'settle' && baseline) baseline = { ...baseline, settled: true };
        if (happens === 'crash' && canary) canary = { ...canary, settled: false, failure: 'crash' };
        if (happens === 'pass') comparison = { verdict: 'Pass', evidence: 'faster' };
        if (happens === 'fail') comparison = { verdict: 'Fail', evidence: 'slower' };
        nowMs += 5000;
        const decision = advance({ ...state, stable, canary, baseline, comparison, nowMs });
        if (decision.outcome) {
          assert.equal(stable?.modelUri, decision.outcome === 'Promoted' ? newUri : oldUri);
          assert.deepEqual([canary, baseline], [undefined, undefined]);
          return;
        }
        for (const action of decision.actions) {
          if (action.kind === 'EnsureCanary') {
            canary ??= { modelUri: newUri, settled: false };
            baseline ??= { modelUri: oldUri, settled: false };
          } else if (action.kind === 'RemoveCanary') {
            // The old or the new variant must be whole at the moment the helpers go.
            assert.ok(stable?.settled || decision.rollout.step === 'RollingBack');
            canary = undefined;
            baseline = undefined;
          } else {
            stable = { modelUri: action.uri, settled: false };
          }
        }
        state = { ...state, rollout: decision.rollout, stable, canary, baseline, comparison, nowMs };
      }
      assert.fail('the rollout never ended');
    }),
  );
});
