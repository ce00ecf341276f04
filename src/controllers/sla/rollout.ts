import type { Cause } from '../../api/latency-sla.ts';
import { durationMs } from '../../api/units.ts';
import { advance, type RolloutAction, type RolloutDecision } from '../../core/rollout/canary.ts';
import type { Finalist } from '../../core/sla/choice.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { compareTracks } from './compare.ts';
import { type Context, quantiles, record } from './context.ts';

export interface RolloutStart {
  picked: Finalist;
  cause?: Cause;
  /** What history says of it, where that is no cause. */
  why?: string;
}

/** Status holds no more of them. */
const mostRefused = 32;

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

/** One step of the rollout in status, if there is one: what it comes to, and what to do for it. */
export function continueRollout(
  context: Context,
  target: TargetSnapshot | undefined,
  unwanted?: string,
): RolloutAction[] {
  const { snapshot, status, nowMs, thresholdMs } = context;
  const { objective, rollout } = snapshot.sla.spec;
  if (!status.rollout) return [];
  const decision = advance({
    rollout: status.rollout,
    stable: target?.tracks.stable,
    canary: target?.tracks.canary,
    baseline: target?.tracks.baseline,
    inPlace: target?.inPlace,
    weight: target?.weight,
    steps: rollout.steps,
    comparison: compareTracks(snapshot, {
      quantile: quantiles[objective.percentile],
      thresholdMs,
      minSamples: rollout.minSamples,
      parts: target?.weight === undefined ? 1 : (rollout.steps?.length ?? 1),
    }),
    unwanted: snapshot.sla.metadata.deletionTimestamp ? 'its LatencySLA is being deleted' : unwanted,
    timeoutMs: durationMs(rollout.timeout),
    nowMs,
  });
  status.rollout = decision.rollout;
  if (decision.outcome) finishRollout(context, decision);
  return decision.actions;
}
