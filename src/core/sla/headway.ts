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

/** What carries so many times the load has room to spare. */
const roomy = 3;

/**
 * Of what carries the rate, those whose loss is within one standard error of the least, the most accurate first: held-out
 * data can't tell them apart (the one-standard-error rule: Breiman et al., Classification and Regression Trees, 1984, 3.4.3).
 */
function alike(all: Carrier[], ratePerSecond: number): Carrier[] {
  const byLoss = all
    .filter(({ withinPerSecond }) => withinPerSecond > 0 && withinPerSecond >= ratePerSecond)
    .sort((a, b) => lossOf(a.finalist.quality) - lossOf(b.finalist.quality) || b.withinPerSecond - a.withinPerSecond);
  const [best] = byLoss;
  const mostLoss = best ? lossOf(best.finalist.quality) + standardError(best.finalist) : 0;
  return byLoss.filter(({ finalist }) => lossOf(finalist.quality) <= mostLoss);
}

const carriesMost = (some: Carrier[]): Carrier | undefined =>
  some.reduce<Carrier | undefined>((a, b) => (a && a.withinPerSecond >= b.withinPerSecond ? a : b), undefined);

/**
 * Of what carries the rate: the most accurate, or another that can't be told from it and carries three times the rate; of
 * those the most accurate; where none carries so much, the one that carries the most. What may be noise is no reason to
 * live close to the threshold, and room that nobody needs is none to give quality up for. The loss of what is picked
 * never falls as the rate grows. Undefined when nothing carries it.
 */
export function pickCarrier(all: Carrier[], ratePerSecond: number): Carrier | undefined {
  const some = alike(all, ratePerSecond);
  return some.find(({ withinPerSecond }) => withinPerSecond >= roomy * ratePerSecond) ?? carriesMost(some);
}

/** A model and how many replicas of it would meet the SLA. */
export interface ReplicaAdvice {
  variant: string;
  replicas: number;
}

/**
 * The smallest number of replicas at which the most accurate acceptable variant, or one that can't be told from it, meets
 * the SLA with `totalPerSecond` shared alike among them; undefined when no variant meets it even on idle replicas: a
 * model must be searched for.
 */
export function replicasNeeded(
  finalists: Finalist[],
  totalPerSecond: number,
  demand: Omit<Demand, 'ratePerSecond'>,
): ReplicaAdvice | undefined {
  const best = carriesMost(alike(carriers(finalists, demand), 0));
  if (!best) return undefined;
  return {
    variant: best.finalist.variant,
    replicas: Math.max(1, Math.ceil(totalPerSecond / best.withinPerSecond - 1e-9)),
  };
}
