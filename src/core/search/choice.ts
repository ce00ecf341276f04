import type { FrontPoint } from '../../api/nas-search.ts';
import type { Quality } from '../../api/variant.ts';
import { type Figure, figureCost, withinLimit } from '../hardware/figures.ts';
import { acceptable, limitPhrase, type QualityLimit } from '../quality/limit.ts';
import { lossOf, showValue, worstLoss } from '../quality/metric.ts';
import { front, hypervolume } from './pareto.ts';

/** One measured variant, with the latency that the search asks for. */
export interface Measured extends Omit<FrontPoint, 'quality' | 'phases' | 'figures'> {
  quality: Quality;
  latencyMs: number;
  /** What that is with 97.5% certainty not above; a promise is kept only if this keeps it. */
  latencyHighMs: number;
  /** The phases after the first; each is an objective, with a threshold of its own. */
  phases?: { name: string; p50Ms: number; p99Ms: number; latencyMs: number; thresholdMs?: number }[];
  /** What the search counts beside quality and latency. */
  figures?: Figure[];
  /** Its outputs here are those it was judged with. */
  outputsAgree: boolean;
}

export interface Limits {
  quality: QualityLimit;
  thresholdMs?: number;
}

/** What one accelerator's trials come to. */
export interface Outcome {
  front: FrontPoint[];
  recommended?: string;
  message: string;
  hypervolume?: number;
}

const mostPoints = 24;

function frontPoint({
  latencyMs: _l,
  latencyHighMs: _h,
  outputsAgree: _o,
  quality,
  phases,
  figures,
  ...point
}: Measured): FrontPoint {
  const others = phases?.map(({ name, p50Ms, p99Ms }) => ({ name, p50Ms, p99Ms }));
  const shown = figures?.map(({ name, value }) => ({ name, value }));
  return { ...point, quality: quality.value, ...(others && { phases: others }), ...(shown && { figures: shown }) };
}

/** The latency of each phase, that of the first in front. */
export const latenciesOf = ({ latencyMs, phases = [] }: Measured): number[] => [
  latencyMs,
  ...phases.map((phase) => phase.latencyMs),
];

/** Figures as something to be made small; one that is not known is worth nothing. */
const costsOf = (figures: readonly Figure[]): number[] =>
  figures.map(({ name, value }) => (value === undefined ? Number.POSITIVE_INFINITY : figureCost(name, value)));

/** What a search makes small, quality lost first: the latency of each phase, and every figure that it names. */
export const objectivesOf = (measured: Measured): number[] => [
  lossOf(measured.quality),
  ...latenciesOf(measured),
  ...costsOf(measured.figures ?? []),
];

/** The geometric mean over the phases: a phase of microseconds counts as much as one of seconds. */
const meanLatency = (measured: Measured) => {
  const logs = latenciesOf(measured).map(Math.log);
  return logs.reduce((sum, log) => sum + log, 0) / logs.length;
};

const withinThresholds = ({ latencyHighMs, phases = [] }: Measured, thresholdMs: number | undefined) =>
  (thresholdMs === undefined || latencyHighMs <= thresholdMs) &&
  phases.every((phase) => phase.thresholdMs === undefined || phase.latencyMs <= phase.thresholdMs);

const withinFigures = ({ figures = [] }: Measured) => figures.every(withinLimit);

/**
 * The front of quality and latency, and the variant to serve: the most accurate that meets the threshold, or, where
 * none is set, the fastest within the limit. `base` is the control that the hypervolume is seen from.
 */
export function outcome(measured: Measured[], limits: Limits, base?: string): Outcome {
  const { thresholdMs } = limits;
  // What breaks a limit stands on no front, unless there is nothing else to show.
  const kept = measured.filter(withinFigures);
  const shown = kept.length > 0 ? kept : measured;
  const points = shown.map((one) => [
    ...[...latenciesOf(one), lossOf(one.quality)],
    ...costsOf((one.figures ?? []).filter(({ objective }) => objective)),
  ]);
  const best = front(points).map((i) => shown[i] as Measured);
  const fit = best.filter(
    (one) =>
      one.outputsAgree &&
      acceptable(one.quality, limits.quality) &&
      withinThresholds(one, thresholdMs) &&
      withinFigures(one),
  );
  const byLatency = (a: Measured, b: Measured) => meanLatency(a) - meanLatency(b);
  const byQuality = (a: Measured, b: Measured) => lossOf(a.quality) - lossOf(b.quality) || byLatency(a, b);
  const recommended = fit.sort(thresholdMs === undefined ? byLatency : byQuality)[0];
  const control = measured.find(({ variant }) => variant === base);
  return {
    front: best.sort(byLatency).slice(0, mostPoints).map(frontPoint),
    recommended: recommended?.variant,
    message: recommended ? `serve ${recommended.label}` : why(measured, limits),
    // Twice the base's latency, and a tenth of quality lost.
    // Of several phases the first counts: an area has two sides.
    hypervolume:
      control &&
      hypervolume(
        measured.map(({ latencyMs, quality }) => [latencyMs, lossOf(quality)]),
        [2 * control.latencyMs, worstLoss(control.quality)],
      ),
  };
}

/** What no variant of good quality is, of the figures that are limited. */
function whyNoFigure(good: readonly Measured[]): string | undefined {
  const figures = good[0]?.figures ?? [];
  const missed = figures.find((_, i) => good.every((one) => one.figures?.[i] && !withinLimit(one.figures[i])));
  if (!missed) return undefined;
  const { name, limit = 0 } = missed;
  const known = good.flatMap((one) => one.figures?.find((figure) => figure.name === name)?.value ?? []);
  const nearest = known.sort((a, b) => figureCost(name, a) - figureCost(name, b))[0];
  const reached =
    nearest === undefined ? 'it is not known of any' : `the nearest has ${Number(nearest.toPrecision(4))}`;
  return `no variant of enough quality keeps spec.figures ${name} within ${Number(limit.toPrecision(4))}: ${reached}`;
}

/** Where the interval ends, when that is told apart from the value. */
const upTo = ({ latencyMs, latencyHighMs }: Measured) =>
  latencyHighMs.toFixed(2) === latencyMs.toFixed(2) ? '' : `, up to ${latencyHighMs.toFixed(2)} for certain`;

function why(measured: Measured[], { quality: limit, thresholdMs }: Limits): string {
  const [first] = measured;
  if (!first) return 'nothing is measured yet';
  const able = measured.filter(({ quality }) => acceptable(quality, limit));
  const noFigure = able.length > 0 ? whyNoFigure(able) : undefined;
  if (noFigure) return noFigure;
  const good = able.filter(withinFigures).sort((a, b) => a.latencyMs - b.latencyMs)[0];
  const { metric } = first.quality;
  const phrase = limitPhrase(metric, limit);
  if (able.length === 0 && limit.floor !== undefined) {
    return `no variant reaches the quality floor of ${showValue(metric, limit.floor)}: lower it, or widen the space`;
  }
  if (able.length === 0) return `no variant is ${phrase}: raise maxDrop, give more held-out inputs, or widen the space`;
  if (!good) return 'no variant of enough quality keeps all limits of spec.figures at once: relax one of them';
  return `no variant ${phrase ? `${phrase} ` : ''}meets ${thresholdMs} ms: the fastest takes ${good.latencyMs.toFixed(2)} ms${upTo(good)}`;
}
