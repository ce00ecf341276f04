import type { AcceleratorStatus, NASSearch } from '../../../api/nas-search.ts';
import { type LatencySummary, latencyField, type Trial } from '../../../api/trial.ts';
import { durationMs } from '../../../api/units.ts';
import type { Quality, Variant } from '../../../api/variant.ts';
import { limitOf, type QualityLimit } from '../../../core/quality/limit.ts';
import { label } from '../../../core/search/candidate.ts';

/** One variant as it was measured on one accelerator. */
export interface Point {
  variant: string;
  label: string;
  quality: Quality;
  latency: LatencySummary;
  /** The percentile that the search asks for, and what it is not above with 97.5% certainty. */
  latencyMs: number;
  latencyHighMs: number;
  sizeBytes: number;
  expected?: { ms: number; lowMs: number; highMs: number };
  trial: Trial;
  base: boolean;
  onFront: boolean;
  recommended: boolean;
}

/** What a search allows. */
export interface SearchLimits {
  percentile: 'P50' | 'P90' | 'P99';
  thresholdMs?: number;
  quality: QualityLimit;
}

export function limitsOf({ spec, status }: NASSearch, variants: readonly Variant[]): SearchLimits {
  const { percentile } = spec.latency;
  const threshold = spec.workload.phases?.[0]?.threshold ?? spec.latency.threshold;
  const base = variants.find(({ metadata }) => metadata.name === status?.base)?.status?.quality;
  return {
    percentile,
    ...(threshold && { thresholdMs: durationMs(threshold) }),
    quality: limitOf(spec.quality, base),
  };
}

/** Trials that count on an accelerator: of the phase that an SLA counts on, on the machines as they are now. */
export function trialsOn(search: NASSearch, trials: readonly Trial[], { name, generation }: AcceleratorStatus) {
  const phase = search.spec.workload.phases?.[0]?.name;
  return trials.filter(
    ({ spec }) =>
      spec.accelerator === name &&
      spec.phase?.name === phase &&
      (generation === undefined || spec.generation === generation),
  );
}

/** Every variant that was measured on an accelerator, the fastest first. */
export function pointsOn(
  search: NASSearch,
  variants: ReadonlyMap<string, Variant>,
  trials: readonly Trial[],
  accelerator: AcceleratorStatus,
): Point[] {
  const limits = limitsOf(search, [...variants.values()]);
  const field = latencyField[limits.percentile];
  const front = new Set(accelerator.front.map(({ variant }) => variant));
  const points = trialsOn(search, trials, accelerator).flatMap((trial): Point[] => {
    const variant = variants.get(trial.spec.variantRef.name);
    const { quality, artifact } = variant?.status ?? {};
    const { latency } = trial.status ?? {};
    if (!variant || !quality || !artifact || !latency) return [];
    const { name } = variant.metadata;
    return [
      {
        ...{ variant: name, label: label(variant.spec.candidate), quality, latency, trial },
        ...{ latencyMs: latency[field], latencyHighMs: field === 'p99Ms' ? latency.p99HighMs : latency[field] },
        sizeBytes: artifact.sizeBytes,
        ...(trial.spec.expected && { expected: trial.spec.expected }),
        ...{ base: name === search.status?.base, onFront: front.has(name) },
        recommended: name === accelerator.recommended,
      },
    ];
  });
  return points.sort((a, b) => a.latencyMs - b.latencyMs || a.variant.localeCompare(b.variant));
}
