import { durationMs } from '../../api/units.ts';
import { defaultSteps } from '../../core/rollout/canary.ts';
import { fewestToPass } from '../../core/rollout/compare.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { type Context, quantiles } from './context.ts';

/** The least share of the requests that a canary has to pass with; undefined where others decide it. */
function leastShare({ snapshot, status }: Context, { weight, inPlace }: TargetSnapshot): number | undefined {
  if (weight !== undefined) return Math.min(...(snapshot.sla.spec.rollout.steps ?? defaultSteps)) / 100;
  // Pods share alike, and canary and baseline are one each.
  return inPlace ? undefined : 1 / ((status.measured?.replicas ?? 1) + 2);
}

/**
 * Why a canary could prove nothing at the present load, a sentence; undefined where it can. It would be taken back, and
 * its digest refused, for no fault of its own.
 */
export function tooFewRequests(context: Context, target: TargetSnapshot): string | undefined {
  const { snapshot, status, ratePerSecond } = context;
  const { objective, rollout } = snapshot.sla.spec;
  const share = leastShare(context, target);
  const perSecond = (share ?? 0) * ratePerSecond * (status.measured?.replicas ?? 1);
  if (perSecond === 0) return undefined;
  const { minSamples, timeout } = rollout;
  // Beside a baseline that breaks the objective the difference may show sooner.
  const needed =
    status.verdict === 'Violated'
      ? minSamples
      : fewestToPass({ quantile: quantiles[objective.percentile], minSamples });
  const comes = Math.floor((perSecond * durationMs(timeout)) / 1000);
  if (comes >= needed) return undefined;
  const minutes = Math.ceil((1.5 * needed) / perSecond / 60);
  return `a canary would get ${comes} requests in ${timeout} at the present load, and ${needed} are needed to tell: set spec.rollout.timeout to ${minutes}m`;
}
