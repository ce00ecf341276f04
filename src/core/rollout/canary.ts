import type { RolloutStatus, RolloutStep } from '../../api/latency-sla.ts';

/** What one of the tracks of a rollout looks like now. */
export interface TrackState {
  /** The URI of the model that it serves, or is on its way to. */
  modelUri: string;
  /** All wanted pods serve that model and are ready. */
  settled: boolean;
  /** Why it can't become ready, when that is certain: crash loop, image missing, progress deadline. */
  failure?: string;
}

/** How the canary does beside the fresh baseline, since the comparison began. */
export interface Comparison {
  verdict: 'Pass' | 'Fail' | 'CannotTell';
  evidence: string;
  /** Nothing could be read at all: an outage of metrics says nothing about the canary. */
  blind?: boolean;
}

/** What pods of the canary answered when they were asked, before they got any request. */
export interface Answers {
  verdict: 'Wrong' | 'Unknown';
  evidence: string;
}

export interface RolloutSnapshot {
  rollout: RolloutStatus;
  /** undefined: the workload itself is gone. */
  stable: TrackState | undefined;
  canary: TrackState | undefined;
  baseline: TrackState | undefined;
  /** The canary is a revision of the workload itself, without a fresh baseline: what is stable is what it is compared with. */
  inPlace?: boolean;
  /** Percent of the requests that the canary is given now; undefined where pods share alike or others weigh. */
  weight?: number;
  /** The percentages to go through, ascending; read where `weight` is told. */
  steps?: readonly number[];
  comparison: Comparison;
  /** Only while pods wait for it; absent where all is well. */
  answers?: Answers;
  /** How the promoted variant does by itself, with all of the load; read in the step Proving. */
  proof?: Comparison;
  /** Why nobody wants this rollout any more; a canary that has passed is promoted all the same. */
  unwanted?: string;
  timeoutMs: number;
  nowMs: number;
}

/** What the target is to be made to look like; each is idempotent. */
export type RolloutAction =
  | { kind: 'EnsureCanary' }
  | { kind: 'SetWeight'; percent: number }
  | { kind: 'SetModel'; uri: string }
  | { kind: 'RemoveCanary' };

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

/** How long requests may still arrive at pods that the router was told to leave out. */
export const drainMs = 5000;
/** Percent of the requests where the SLA names none and the target weighs. */
export const defaultSteps: readonly number[] = [50];

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

/** Asks for a share of the requests for as long as the target shows another; undefined when it shows this one. */
function weigh(s: RolloutSnapshot, percent: number): RolloutDecision | undefined {
  if (s.weight === undefined || s.weight === percent) return undefined;
  const rollout = { ...s.rollout, weight: percent, weightSince: new Date(s.nowMs).toISOString() };
  return { rollout, actions: [{ kind: 'SetWeight', percent }] };
}

/** Takes the canary out of the requests, and waits until none is under way to it; undefined when that is so. */
function drain(s: RolloutSnapshot): RolloutDecision | undefined {
  const asked = weigh(s, 0);
  if (asked || s.weight === undefined || !s.rollout.weightSince) return asked;
  return s.nowMs - Date.parse(s.rollout.weightSince) < drainMs ? stay(s) : undefined;
}

const asWanted = (track: TrackState | undefined, modelUri: string) => track?.settled && track.modelUri === modelUri;

const starting: Step = (s) => {
  if (s.canary?.modelUri === s.rollout.modelUri && s.canary.failure) {
    return move(s, 'RollingBack', 'CanaryNotReady', s.canary.failure);
  }
  // Nothing is served by what is not there yet.
  const out = weigh(s, 0);
  if (out) return out;
  if (asWanted(s.canary, s.rollout.modelUri) && (s.inPlace || asWanted(s.baseline, s.rollout.previousUri))) {
    return move(s, 'Comparing', 'CanaryReady', 'canary and baseline serve side by side');
  }
  if (timedOut(s)) {
    return move(s, 'RollingBack', 'CanaryNotReady', s.answers?.evidence ?? 'the canary was not ready in time');
  }
  return stay(s, { kind: 'EnsureCanary' });
};

/** The share of the requests that this part of the comparison is made at, and the one after it. */
function weights({ rollout, steps = defaultSteps, weight }: RolloutSnapshot): { now?: number; next?: number } {
  if (weight === undefined) return {};
  const ascending = [...steps].sort((a, b) => a - b);
  const now = ascending.find((step) => step >= (rollout.weight || 1)) ?? ascending.at(-1);
  return { now, next: ascending.find((step) => step > (now ?? 0)) };
}

const comparing: Step = (s) => {
  if (s.stable?.modelUri === s.rollout.modelUri) {
    return move(s, 'Promoting', 'PromotedElsewhere', 'the workload itself was given the new variant');
  }
  if (!s.canary || !(s.inPlace || s.baseline))
    return move(s, 'Starting', 'CanaryGone', 'canary or baseline was deleted by someone else');
  if (s.canary.modelUri !== s.rollout.modelUri)
    return move(s, 'Starting', 'CanaryChanged', 'the canary was given another model by someone else');
  if (s.canary.failure) return move(s, 'RollingBack', 'CanaryCrashed', s.canary.failure);
  if (timedOut(s))
    return move(s, 'RollingBack', s.comparison.blind ? 'MetricsLost' : 'Inconclusive', s.comparison.evidence);
  const { now, next } = weights(s);
  if (s.comparison.verdict === 'Fail') return move(s, 'RollingBack', 'CanaryWorse', s.comparison.evidence);
  const given = now === undefined ? undefined : weigh(s, now);
  if (given) return given;
  if (s.comparison.verdict === 'CannotTell') return stay(s);
  if (next === undefined) return move(s, 'Promoting', 'CanaryBetter', s.comparison.evidence);
  // What was proven at a small share is proven again at a greater one, from samples of its own.
  const further = move(s, 'Comparing', 'CanaryBetter', `at ${now}%: ${s.comparison.evidence}`);
  return { ...further, rollout: { ...further.rollout, weight: next } };
};

const promoting: Step = (s) => {
  if (s.stable?.modelUri === s.rollout.modelUri) {
    if (s.stable.failure) return move(s, 'RollingBack', 'PromotionFailed', s.stable.failure);
    if (s.stable.settled) return move(s, 'Cleaning', 'Promoted', 'every replica serves the new variant');
    if (timedOut(s)) return move(s, 'RollingBack', 'PromotionFailed', 'the workload did not become ready in time');
    return stay(s);
  }
  // Where the canary is a revision of the workload, others may end its way to all replicas.
  if (s.inPlace && s.canary?.failure) return move(s, 'RollingBack', 'PromotionFailed', s.canary.failure);
  if (timedOut(s))
    return move(s, 'RollingBack', 'PromotionFailed', 'the workload did not take the new variant in time');
  return stay(s, { kind: 'SetModel', uri: s.rollout.modelUri });
};

const cleaning: Step = (s) => {
  const draining = drain(s);
  if (draining) return draining;
  if (s.canary || s.baseline) return stay(s, { kind: 'RemoveCanary' });
  return move(s, 'Proving', 'Promoted', 'it serves all requests by itself');
};

/** Canary and baseline took their shares of the load away: what is slow only under all of it shows here first. */
const proving: Step = (s) => {
  if (s.stable?.modelUri !== s.rollout.modelUri)
    return move(s, 'RollingBack', 'WorkloadEdited', 'the workload was given its previous model by someone else');
  if (s.stable.failure) return move(s, 'RollingBack', 'PromotionFailed', s.stable.failure);
  if (s.proof?.verdict === 'Fail') return move(s, 'RollingBack', 'WorseUnderLoad', s.proof.evidence);
  // No news is no reason to go back: by now the canary has passed.
  const proven = s.proof?.verdict === 'Pass';
  if (!proven && !timedOut(s)) return stay(s);
  const message = (proven ? s.proof?.evidence : undefined) ?? 'nothing spoke against it in time';
  return { rollout: { ...s.rollout, message: message.slice(0, 512) }, actions: [], outcome: 'Promoted' };
};

const rollingBack: Step = (s) => {
  if (s.stable?.modelUri === s.rollout.modelUri) return stay(s, { kind: 'SetModel', uri: s.rollout.previousUri });
  // The canary serves until the old variant is whole again: add before remove.
  const wasPromoted = s.rollout.reason === 'PromotionFailed' || s.rollout.reason === 'WorseUnderLoad';
  if (s.stable && !s.stable.settled && wasPromoted && !s.inPlace && !timedOut(s)) return stay(s);
  const draining = drain(s);
  if (draining) return draining;
  if (s.canary || s.baseline) return stay(s, { kind: 'RemoveCanary' });
  return {
    rollout: s.rollout,
    actions: [],
    outcome: provesNothing.has(s.rollout.reason ?? '') ? 'Abandoned' : 'RolledBack',
  };
};

/** Reasons to roll back that say nothing about the variant. */
const provesNothing = new Set(['WorkloadEdited', 'Unwanted', 'MetricsLost']);

const steps: Record<RolloutStep, Step> = {
  Starting: starting,
  Comparing: comparing,
  Promoting: promoting,
  Cleaning: cleaning,
  Proving: proving,
  RollingBack: rollingBack,
};

/** Steps in which a rollout that nobody wants any more is taken back. */
const unproven = new Set<RolloutStep>(['Starting', 'Comparing', 'Proving']);

/** Someone else changed the model of the workload: it is theirs, and the rollout ends without touching it. */
function editedByOthers({ stable, rollout }: RolloutSnapshot): boolean {
  if (!stable || rollout.step === 'RollingBack' || rollout.step === 'Cleaning') return false;
  return stable.modelUri !== rollout.previousUri && stable.modelUri !== rollout.modelUri;
}

/**
 * The canary machine: one step on from what is there. Pure, total and idempotent; a crash at any point repeats the
 * present step and nothing else. Where the target weighs, Comparing is gone through once a percentage.
 *
 *     Starting ──ready──▶ Comparing ──pass──▶ Promoting ──settled──▶ Cleaning ──▶ Proving ──▶ Promoted
 *        └───────────────────┴──────fail─────────┴──────────────fail─────────────────┴──▶ RollingBack ──▶ RolledBack
 */
export function advance(snapshot: RolloutSnapshot): RolloutDecision {
  if (!snapshot.stable) return { rollout: snapshot.rollout, actions: [], outcome: 'Abandoned' };
  if (editedByOthers(snapshot)) {
    return move(snapshot, 'RollingBack', 'WorkloadEdited', 'the model of the workload was changed by someone else');
  }
  const { unwanted, rollout, answers } = snapshot;
  if (answers?.verdict === 'Wrong' && (rollout.step === 'Starting' || rollout.step === 'Comparing')) {
    return move(snapshot, 'RollingBack', 'AnswersDiffer', answers.evidence);
  }
  if (unwanted !== undefined && unproven.has(rollout.step)) {
    return move(snapshot, 'RollingBack', 'Unwanted', unwanted);
  }
  return steps[rollout.step](snapshot);
}
