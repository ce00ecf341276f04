import type { AcceleratorStatus, NASSearch } from '../../../api/nas-search.ts';
import type { Trial } from '../../../api/trial.ts';
import type { Variant } from '../../../api/variant.ts';
import { label } from '../../../core/search/candidate.ts';
import { findCondition } from '../../../runtime/conditions.ts';
import { limitsOf, type Point, pointsOn, type SearchLimits, trialsOn } from './points.ts';
import { why } from './why.ts';

/** A point that is shown. */
export interface ShownPoint extends Point {
  /** Why it won, or why not: a sentence. */
  why: string;
}

/** So many points of one accelerator are drawn and listed; more would be more than anybody reads. */
export const mostPoints = 200;

export interface AcceleratorView {
  status: AcceleratorStatus;
  /** The front, the base and the fastest of the others, at most `mostPoints`. */
  points: ShownPoint[];
  /** Points that there are beyond those. */
  more: number;
  forecast: Forecasts | undefined;
}

/** How measurements stand to what was forecast of them. */
export interface Forecasts {
  count: number;
  /** Mean of |forecast / measured - 1|. */
  meanError: number;
  /** Share of measurements inside the 90% interval of their forecast. */
  covered: number;
}

/** A variant that came to nothing, or a trial that did. */
export interface Mishap {
  name: string;
  label: string;
  reason: string;
  message: string;
}

export interface SearchView {
  search: NASSearch;
  limits: SearchLimits;
  accelerators: AcceleratorView[];
  mishaps: Mishap[];
}

function forecasts(points: readonly Point[]): Forecasts | undefined {
  const known = points.flatMap(({ expected, latencyMs }) => (expected ? [{ ...expected, latencyMs }] : []));
  if (known.length === 0) return undefined;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    count: known.length,
    meanError: mean(known.map(({ ms, latencyMs }) => Math.abs(ms / latencyMs - 1))),
    covered: mean(known.map(({ lowMs, highMs, latencyMs }) => Number(lowMs <= latencyMs && latencyMs <= highMs))),
  };
}

const matters = ({ onFront, base, recommended }: Point) => onFront || base || recommended;

function bounded(points: Point[]): Point[] {
  if (points.length <= mostPoints) return points;
  const room = mostPoints - points.filter(matters).length;
  const others = new Set(points.filter((point) => !matters(point)).slice(0, Math.max(0, room)));
  return points.filter((point) => matters(point) || others.has(point));
}

const mostMishaps = 50;

function mishaps(variants: ReadonlyMap<string, Variant>, trials: readonly Trial[]): Mishap[] {
  const named = (variant: Variant | undefined, fallback: string) =>
    variant ? label(variant.spec.candidate) : fallback;
  const failed = (object: Variant | Trial, type: string, text: string): Mishap[] => {
    const found = findCondition(object.status?.conditions, type);
    if (found?.status !== 'False') return [];
    return [{ name: object.metadata.name, label: text, reason: found.reason, message: found.message }];
  };
  return [
    ...[...variants.values()].flatMap((variant) => failed(variant, 'Ready', named(variant, ''))),
    ...trials.flatMap((trial) => {
      const { variantRef, accelerator } = trial.spec;
      return failed(trial, 'Succeeded', `${named(variants.get(variantRef.name), variantRef.name)} on ${accelerator}`);
    }),
  ].slice(0, mostMishaps);
}

/** A search with what was measured of its variants, accelerator by accelerator. Bounded, whatever their number. */
export function searchView(search: NASSearch, all: readonly Variant[], trials: readonly Trial[]): SearchView {
  const variants = new Map(all.map((variant) => [variant.metadata.name, variant]));
  const limits = limitsOf(search, all);
  return {
    search,
    limits,
    accelerators: (search.status?.accelerators ?? []).map((status) => {
      const points = pointsOn(search, variants, trials, status);
      const counted = points.filter(({ trial }) => !trial.status?.stoppedEarly);
      const shown = bounded(points).map((point) => ({ ...point, why: why(point, counted, limits) }));
      return { status, points: shown, more: points.length - shown.length, forecast: forecasts(points) };
    }),
    mishaps: mishaps(
      variants,
      (search.status?.accelerators ?? []).flatMap((accelerator) => trialsOn(search, trials, accelerator)),
    ),
  };
}
