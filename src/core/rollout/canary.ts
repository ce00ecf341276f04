import type { RolloutStatus, RolloutStep } from '../../api/latency-sla.ts';

/** What one Deployment of a rollout looks like now. */
export interface TrackState {
  /** The model URI in its pod template. */
  modelUri: string;
  /** All wanted pods run the present template and are ready. */
  settled: boolean;
  /** Why it can't become ready, when that is certain: crash loop, image missing, progress deadline. */
  failure?: string;
}

/** How the canary does beside the fresh baseline, since the comparison began. */
export interface Comparison {
  verdict: 'Pass' | 'Fail' | 'CannotTell';
  evidence: string;
}

export interface RolloutSnapshot {
  rollout: RolloutStatus;
  /** undefined: the workload itself is gone. */
  stable: TrackState | undefined;
  canary: TrackState | undefined;
  baseline: TrackState | undefined;
  comparison: Comparison;
  timeoutMs: number;
  nowMs: number;
}

/** What the target is to be made to look like; each is idempotent. */
export type RolloutAction = { kind: 'EnsureCanary' } | { kind: 'SetModel'; uri: string } | { kind: 'RemoveCanary' };

export type RolloutOutcome = 'Promoted' | 'RolledBack' | 'Abandoned';

export interface RolloutDecision {
  rollout: RolloutStatus;
  actions: RolloutAction[];
  /** Set when the rollout is over and nothing of it is left in the cluster. */
  outcome?: RolloutOutcome;
}

type Step = (snapshot: RolloutSnapshot) => RolloutDecision;

function stay({ rollout }: RolloutSnapshot, ...actions: RolloutAction[]): RolloutDecision {
  return { rollout, actions };
}

function move(
  { rollout, nowMs }: RolloutSnapshot,
  step: RolloutStep,
  reason: string,
  message: string,
): RolloutDecision {
  const stepSince = new Date(nowMs).toISOString();
  // The verdict is in status before anything is done about it: a crash in between repeats the act, never the verdict.
  return { rollout: { ...rollout, step, stepSince, reason, message: message.slice(0, 512) }, actions: [] };
}

const timedOut = ({ rollout, timeoutMs, nowMs }: RolloutSnapshot) => nowMs - Date.parse(rollout.stepSince) > timeoutMs;

const starting: Step = (s) => {
  if (s.canary?.failure) return move(s, 'RollingBack', 'CanaryNotReady', s.canary.failure);
  if (s.canary?.settled && s.baseline?.settled) {
    return move(s, 'Comparing', 'CanaryReady', 'canary and baseline serve side by side');
  }
  if (timedOut(s)) return move(s, 'RollingBack', 'CanaryNotReady', 'the canary was not ready in time');
  return stay(s, { kind: 'EnsureCanary' });
};

const comparing: Step = (s) => {
  if (!s.canary || !s.baseline)
    return move(s, 'Starting', 'CanaryGone', 'canary or baseline was deleted by someone else');
  if (s.canary.failure) return move(s, 'RollingBack', 'CanaryCrashed', s.canary.failure);
  if (s.comparison.verdict === 'Fail') return move(s, 'RollingBack', 'CanaryWorse', s.comparison.evidence);
  if (s.comparison.verdict === 'Pass') return move(s, 'Promoting', 'CanaryBetter', s.comparison.evidence);
  if (timedOut(s)) return move(s, 'RollingBack', 'Inconclusive', s.comparison.evidence);
  return stay(s);
};

const promoting: Step = (s) => {
  if (s.stable?.modelUri !== s.rollout.modelUri) return stay(s, { kind: 'SetModel', uri: s.rollout.modelUri });
  if (s.stable.failure) return move(s, 'RollingBack', 'PromotionFailed', s.stable.failure);
  if (s.stable.settled) return move(s, 'Cleaning', 'Promoted', 'every replica serves the new variant');
  if (timedOut(s)) return move(s, 'RollingBack', 'PromotionFailed', 'the workload did not become ready in time');
  return stay(s);
};

const cleaning: Step = (s) => {
  if (s.canary || s.baseline) return stay(s, { kind: 'RemoveCanary' });
  return { rollout: s.rollout, actions: [], outcome: 'Promoted' };
};

const rollingBack: Step = (s) => {
  if (s.stable?.modelUri === s.rollout.modelUri) return stay(s, { kind: 'SetModel', uri: s.rollout.previousUri });
  // The canary serves until the old variant is whole again: add before remove.
  if (s.stable && !s.stable.settled && s.rollout.reason === 'PromotionFailed' && !timedOut(s)) return stay(s);
  if (s.canary || s.baseline) return stay(s, { kind: 'RemoveCanary' });
  return {
    rollout: s.rollout,
    actions: [],
    outcome: s.rollout.reason === 'WorkloadEdited' ? 'Abandoned' : 'RolledBack',
  };
};

const steps: Record<RolloutStep, Step> = {
  Starting: starting,
  Comparing: comparing,
  Promoting: promoting,
  Cleaning: cleaning,
  RollingBack: rollingBack,
};

/** Someone else changed the model of the workload: it is theirs, and the rollout ends without touching it. */
function editedByOthers({ stable, rollout }: RolloutSnapshot): boolean {
  if (!stable || rollout.step === 'RollingBack' || rollout.step === 'Cleaning') return false;
  return stable.modelUri !== rollout.previousUri && stable.modelUri !== rollout.modelUri;
}

/**
 * The canary machine: one step on from what is there. Pure, total and idempotent; a crash at any point repeats the
 * present step and nothing else.
 *
 *     Starting ──ready──▶ Comparing ──pass──▶ Promoting ──settled──▶ Cleaning ──▶ Promoted
 *        └───────────────────┴──────fail─────────┴──▶ RollingBack ──▶ RolledBack
 */
export function advance(snapshot: RolloutSnapshot): RolloutDecision {
  if (!snapshot.stable) return { rollout: snapshot.rollout, actions: [], outcome: 'Abandoned' };
  if (editedByOthers(snapshot)) {
    return move(snapshot, 'RollingBack', 'WorkloadEdited', 'the model of the workload was changed by someone else');
  }
  return steps[snapshot.rollout.step](snapshot);
}
