import type { LoadPoint } from '../../api/trial.ts';
import type { Quality } from '../../api/variant.ts';
import { acceptable, type QualityLimit } from '../quality/limit.ts';
import { lossOf } from '../quality/metric.ts';

/** A variant as production would see it: what it is worth and how its tail grows with load on this accelerator. */
export interface Finalist {
  variant: string;
  digest: string;
  modelUri: string;
  quality: Quality;
  /** Median and p99 on an idle replica. */
  p50Ms?: number;
  p99Ms: number;
  loadCurve: LoadPoint[];
}

export interface Demand {
  /** Requests a second that arrive at one replica. */
  ratePerSecond: number;
  thresholdMs: number;
  /** How far below the threshold the expected tail must lie, as a share of it. */
  headroom: number;
  quality: QualityLimit;
  /** Digests that were tried here and rolled back. */
  refused: ReadonlySet<string>;
}

/** Linear between the measured points, from an idle replica on; Infinity beyond the last, where the queue has no bound. */
function interpolate(points: { ratePerSecond: number; ms: number }[], idleMs: number, ratePerSecond: number): number {
  let below = { ratePerSecond: 0, ms: idleMs };
  for (const point of points) {
    if (ratePerSecond <= point.ratePerSecond) {
      const share = (ratePerSecond - below.ratePerSecond) / (point.ratePerSecond - below.ratePerSecond || 1);
      return below.ms + share * (point.ms - below.ms);
    }
    below = point;
  }
  return Number.POSITIVE_INFINITY;
}

/** Expected p99 in milliseconds at a rate at one replica, from the measured load curve; Infinity beyond its end. */
export const expectedTailMs = (
  { loadCurve, p99Ms }: Pick<Finalist, 'loadCurve' | 'p99Ms'>,
  ratePerSecond: number,
): number =>
  interpolate(
    loadCurve.map((point) => ({ ratePerSecond: point.ratePerSecond, ms: point.p99Ms })),
    p99Ms,
    ratePerSecond,
  );

/** The expected median likewise; undefined where the trial did not keep it. */
export function expectedMedianMs(
  { loadCurve, p50Ms }: Pick<Finalist, 'loadCurve' | 'p50Ms'>,
  ratePerSecond: number,
): number | undefined {
  if (p50Ms === undefined) return undefined;
  const points = loadCurve.flatMap(({ ratePerSecond: rate, p50Ms: ms }) =>
    ms === undefined ? [] : [{ ratePerSecond: rate, ms }],
  );
  return points.length < loadCurve.length ? undefined : interpolate(points, p50Ms, ratePerSecond);
}

/** The rate at which a replica saturates: the end of its measured load curve. */
export const capacity = ({ loadCurve }: Pick<Finalist, 'loadCurve'>): number => loadCurve.at(-1)?.ratePerSecond ?? 0;

/** Of what a replica can carry: from here on its queue hardly settles. */
const saturatedShare = 0.85;

/** Whether so many requests a second keep a replica so busy that what completes no longer says what arrives. */
export const saturated = (finalist: Pick<Finalist, 'loadCurve'>, ratePerSecond: number): boolean =>
  capacity(finalist) > 0 && ratePerSecond >= saturatedShare * capacity(finalist);

/**
 * The most accurate finalist whose expected tail stays below the threshold less headroom; equal quality goes to the
 * shorter tail. Undefined when none fits: a guess is not offered.
 */
export function choose(finalists: Finalist[], demand: Demand): Finalist | undefined {
  const limit = demand.thresholdMs * (1 - demand.headroom);
  return finalists
    .filter((f) => acceptable(f.quality, demand.quality) && !demand.refused.has(f.digest))
    .map((finalist) => ({ finalist, tailMs: expectedTailMs(finalist, demand.ratePerSecond) }))
    .filter(({ tailMs }) => tailMs <= limit)
    .sort((a, b) => lossOf(a.finalist.quality) - lossOf(b.finalist.quality) || a.tailMs - b.tailMs)[0]?.finalist;
}

/**
 * The rate to choose for. What completes is all that a histogram shows: at saturation more arrives than completes and
 * the true rate is unknown, so twice the observed one is assumed until a faster variant makes it visible.
 */
export function demandedRate(observedPerSecond: number, capacityPerSecond: number): number {
  const full = capacityPerSecond > 0 && observedPerSecond >= saturatedShare * capacityPerSecond;
  return full ? 2 * observedPerSecond : observedPerSecond;
}
