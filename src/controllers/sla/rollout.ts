import type { Cause } from '../../api/latency-sla.ts';
import { durationMs } from '../../api/units.ts';
import { advance, type RolloutDecision } from '../../core/rollout/canary.ts';
import type { Finalist } from '../../core/sla/choice.ts';
import { rateWithin } from '../../core/sla/headway.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { admissions, answersVerdict, type TargetAction } from './answers.ts';
import { compareTracks, proofOf } from './compare.ts';
import { type Context, quantiles, record } from './context.ts';
import { finalists } from './finalists.ts';

export interface RolloutStart {
  picked: Finalist;
  cause?: Cause;
  /** What history says of it, where that is no cause. */
  why?: string;
}

/** Status holds no more of them. */
const mostRefused = 128;

/** Not to be chosen again by itself. */
export const refuseDigest = ({ status }: Context, digest: string): void => {
  status.refused = [...(status.refused ?? []), digest].slice(-mostRefused);
};

/** Writes the start of a rollout into status; its first step is taken in the next reconcile. */
export function startRollout(context: Context, target: TargetSnapshot, { picked, cause, why }: RolloutStart): void {
  const { status, at } = context;
  status.rollout = {
    variant: picked.variant,
    modelUri: picked.modelUri,
    digest: picked.digest,
    previousUri: target.tracks.stable.modelUri,
    step: 'Starting',
    cause,
    started: at,
    stepSince: at,
  };
  const message = `${picked.variant} instead of ${status.activeVariant ?? target.tracks.stable.modelUri}`;
  record(context, 'RolloutStarted', why ?? cause ?? 'LoadFell', message);
  context.events.push({ type: 'Normal', reason: 'RolloutStarted', message });
}

function finishRollout(context: Context, { rollout, outcome }: RolloutDecision): void {
  const { status, at } = context;
  const promoted = outcome === 'Promoted';
  const message = `${rollout.variant}: ${rollout.message ?? ''}`;
  record(context, promoted ? 'Promoted' : 'RolledBack', rollout.reason ?? 'Unknown', message);
  context.events.push({ type: promoted ? 'Normal' : 'Warning', reason: promoted ? 'Promoted' : 'RolledBack', message });
  if (outcome === 'RolledBack') refuseDigest(context, rollout.digest);
  if (promoted) status.previousUri = rollout.previousUri;
  // Who changed the model is known: it is not what a later breach comes from.
  if (promoted && status.lastMet) status.lastMet = { ...status.lastMet, modelUri: rollout.modelUri };
  status.rollout = undefined;
  status.lastRollout = at;
}

/** The rate that a replica was measured to carry of the variant that is rolled out; undefined where it was not measured. */
function carriedBy({ snapshot, status, thresholdMs }: Context): number | undefined {
  const mine = finalists(snapshot, status.accelerator).find(({ variant }) => variant === status.rollout?.variant);
  return mine && rateWithin(mine, thresholdMs);
}

/** One step of the rollout in status, if there is one: what it comes to, and what to do for it. */
export function continueRollout(
  context: Context,
  target: TargetSnapshot | undefined,
  unwanted?: string,
): TargetAction[] {
  const { snapshot, status, nowMs, thresholdMs } = context;
  const { objective: asked, rollout } = snapshot.sla.spec;
  if (!status.rollout) return [];
  const { minSamples } = rollout;
  const objective = { quantile: quantiles[asked.percentile], thresholdMs, minSamples };
  const replicas = Math.max(1, target?.pods.filter(({ ready, track }) => ready && track === 'stable').length ?? 0);
  const decision = advance({
    rollout: status.rollout,
    stable: target?.tracks.stable,
    canary: target?.tracks.canary,
    baseline: target?.tracks.baseline,
    inPlace: target?.inPlace,
    weight: target?.weight,
    steps: rollout.steps,
    comparison: compareTracks(snapshot, {
      ...objective,
      parts: target?.weight === undefined ? 1 : (rollout.steps?.length ?? 1),
    }),
    answers: answersVerdict(snapshot.answers),
    proof:
      snapshot.alone &&
      proofOf(snapshot.alone, objective, {
        ...{ replicas, presentPerSecond: context.ratePerSecond },
        carriesPerSecond: carriedBy(context),
      }),
    unwanted: snapshot.sla.metadata.deletionTimestamp ? 'its LatencySLA is being deleted' : unwanted,
    timeoutMs: durationMs(rollout.timeout),
    nowMs,
  });
  status.rollout = decision.rollout;
  if (decision.outcome) finishRollout(context, decision);
  const goesOn = decision.rollout.step === 'Starting' || decision.rollout.step === 'Comparing';
  return goesOn ? [...decision.actions, ...admissions(snapshot.answers, context.at)] : decision.actions;
}
