import { lossOf } from '../quality/metric.ts';
import type { Demand, Finalist } from './choice.ts';
import { carriers, pickCarrier, type ReplicaAdvice, rateWithin, replicasNeeded, standardError } from './headway.ts';

/** What is asked of the workload now and soon, in requests a second of all its replicas. */
export interface Situation extends Omit<Demand, 'ratePerSecond'> {
  replicas: number;
  presentPerSecond: number;
  /** The most that is expected while a rollout would take place; at least the present. */
  nearPerSecond: number;
  /** The last window broke the objective for certain. */
  violated: boolean;
}

export type Selection =
  /** The active variant is right. */
  | { kind: 'Stay' }
  /** It will not carry the near load, or does not carry the present one. */
  | { kind: 'Faster'; finalist: Finalist }
  /** The load has fallen: one with less loss carries it with room to spare. */
  | { kind: 'MoreAccurate'; finalist: Finalist }
  /** Nothing that was measured carries even the present load; so many replicas of a variant would. */
  | { kind: 'NoneFits'; advice?: ReplicaAdvice };

/** A variant that is gone back to must carry so much more than the most of the last minutes. */
export const returnMargin = 1.25;

/**
 * Whether going from one to the other gains quality, and more of it than held-out data can't tell apart: a rollout is no
 * small thing, and nobody asked for one while the SLA is met.
 */
const gains = (from: Finalist, to: Finalist): boolean => lossOf(from.quality) - lossOf(to.quality) > standardError(to);

/** What carries the near load; where nothing does, what carries the most, if that is the present load and more. */
function faster(finalists: Finalist[], active: Finalist | undefined, situation: Situation): Selection {
  const { replicas, presentPerSecond, nearPerSecond, thresholdMs, headroom } = situation;
  const all = carriers(finalists, situation);
  const carried = active ? rateWithin(active, thresholdMs * (1 - headroom)) : 0;
  const most = Math.max(0, ...all.map(({ withinPerSecond }) => withinPerSecond));
  const picked = pickCarrier(all, nearPerSecond / replicas) ?? pickCarrier(all, most);
  if (!picked || picked.withinPerSecond * replicas < presentPerSecond) {
    return { kind: 'NoneFits', advice: replicasNeeded(finalists, nearPerSecond, situation) };
  }
  if (picked.finalist.variant === active?.variant) return { kind: 'Stay' };
  return picked.withinPerSecond > carried ? { kind: 'Faster', finalist: picked.finalist } : { kind: 'Stay' };
}

function moreAccurate(finalists: Finalist[], active: Finalist, situation: Situation): Selection {
  const { replicas, nearPerSecond, headroom } = situation;
  const wide = { ...situation, headroom: Math.min(0.9, 2 * headroom) };
  // Never to one that may be a little worse: a step up and a step down at once would take turns for ever.
  const noWorse = finalists.filter(({ quality }) => lossOf(quality) <= lossOf(active.quality));
  const picked = pickCarrier(carriers(noWorse, wide), (returnMargin * nearPerSecond) / replicas)?.finalist;
  return picked && gains(active, picked) ? { kind: 'MoreAccurate', finalist: picked } : { kind: 'Stay' };
}

/** Whether the load that is near is more than the active variant carries within the threshold less headroom. */
export function overtaken(active: Finalist, situation: Situation): boolean {
  const { replicas, nearPerSecond, thresholdMs, headroom } = situation;
  return nearPerSecond > rateWithin(active, thresholdMs * (1 - headroom)) * replicas;
}

/**
 * Which variant should serve: the most accurate that carries the present and the near load (see `pickCarrier`). Two
 * thresholds keep it from swapping for ever: one is left when the near load is more than it carries within the
 * threshold less headroom, and one is gone back to only when it carries a quarter more than the near load within the
 * threshold less twice the headroom. What its own curve says is violated at the present load is never chosen, and what
 * is not known is left alone while the SLA is met. Pure; a cooldown is for the caller, who knows the time.
 */
export function select(finalists: Finalist[], active: Finalist | undefined, situation: Situation): Selection {
  const { violated } = situation;
  if (!active) return violated ? faster(finalists, active, situation) : { kind: 'Stay' };
  if (violated || overtaken(active, situation)) return faster(finalists, active, situation);
  return moreAccurate(finalists, active, situation);
}
