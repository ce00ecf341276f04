import { acceptable } from '../quality/limit.ts';
import { lossOf } from '../quality/metric.ts';
import type { Demand, Finalist } from './choice.ts';

/**
 * The largest rate in requests a second at one replica up to which the expected p99 stays within `limitMs`, by linear
 * interpolation on the measured load curve; 0 when even an idle replica is slower. Where a curve dips back under the
 * limit after it was above, only what comes before counts.
 */
export function rateWithin({ loadCurve, p99Ms }: Pick<Finalist, 'loadCurve' | 'p99Ms'>, limitMs: number): number {
  if (p99Ms > limitMs) return 0;
  let below = { ratePerSecond: 0, p99Ms };
  for (const point of loadCurve) {
    if (point.p99Ms > limitMs) {
      const share = (limitMs - below.p99Ms) / (point.p99Ms - below.p99Ms);
      return below.ratePerSecond + share * (point.ratePerSecond - below.ratePerSecond);
    }
    below = point;
  }
  return below.ratePerSecond;
}

/** 95% intervals are so many standard errors wide. */
const standardErrors = 3.92;

/** Of the quality, by its 95% interval. */
export const standardError = ({ quality: { low, high } }: Finalist) => Math.max(0, high - low) / standardErrors;

/** A finalist with the rate that one replica of it carries within the threshold less headroom. */
export interface Carrier {
  finalist: Finalist;
  withinPerSecond: number;
}

/** What may be served at all, with what each carries; in the order of `finalists`. */
export function carriers(
  finalists: Finalist[],
  { thresholdMs, headroom, quality, refused }: Omit<Demand, 'ratePerSecond'>,
): Carrier[] {
  return finalists
    .filter((finalist) => acceptable(finalist.quality, quality) && !refused.has(finalist.digest))
    .map((finalist) => ({ finalist, withinPerSecond: rateWithin(finalist, thresholdMs * (1 - headroom)) }));
}

/**
 * Of what carries the rate: the most accurate, and among those whose loss is within one standard error of its the one
 * that carries the most. Qualities that the held-out data can't tell apart are no reason to live closer to the
 * threshold (the one-standard-error rule: Breiman et al., Classification and Regression Trees, 1984, 3.4.3). The loss of
 * what is picked never falls as the rate grows. Undefined when nothing carries it.
 */
export function pickCarrier(all: Carrier[], ratePerSecond: number): Carrier | undefined {
  const able = all.filter(({ withinPerSecond }) => withinPerSecond > 0 && withinPerSecond >= ratePerSecond);
  const byLoss = able.sort(
    (a, b) => lossOf(a.finalist.quality) - lossOf(b.finalist.quality) || b.withinPerSecond - a.withinPerSecond,
  );
  const best = byLoss[0];
  if (!best) return undefined;
  const mostLoss = lossOf(best.finalist.quality) + standardError(best.finalist);
  return byLoss
    .filter(({ finalist }) => lossOf(finalist.quality) <= mostLoss)
    .reduce((a, b) => (b.withinPerSecond > a.withinPerSecond ? b : a));
}

/** A model and how many replicas of it would meet the SLA. */
export interface ReplicaAdvice {
  variant: string;
  replicas: number;
}

/**
 * The smallest number of replicas at which the most accurate acceptable variant meets the SLA with `totalPerSecond`
 * shared alike among them; undefined when no variant meets it even on idle replicas: a model must be searched for.
 */
export function replicasNeeded(
  finalists: Finalist[],
  totalPerSecond: number,
  demand: Omit<Demand, 'ratePerSecond'>,
): ReplicaAdvice | undefined {
  const best = pickCarrier(carriers(finalists, demand), 0);
  if (!best) return undefined;
  return {
    variant: best.finalist.variant,
    replicas: Math.max(1, Math.ceil(totalPerSecond / best.withinPerSecond - 1e-9)),
  };
}
