import type { AcceleratorStatus, NASSearchStatus } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { durationMs, quantity } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { type Figure, figureCost, figureValue } from '../../core/hardware/figures.ts';
import { limitOf, mostLoss, type QualityLimit } from '../../core/quality/limit.ts';
import { label } from '../../core/search/candidate.ts';
import { type Measured, outcome } from '../../core/search/choice.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { phasesOf } from '../shared/phases.ts';
import { type Accelerator, trialsOn, uselessOn } from './accelerators.ts';
import { baseName } from './children.ts';
import type { SearchSnapshot } from './gather.ts';

export type State = 'Pending' | 'Succeeded' | 'Failed';

function stateOf({ status }: Variant | Trial, type: string): State {
  const found = findCondition(status?.conditions, type)?.status ?? 'Unknown';
  if (found === 'Unknown') return 'Pending';
  return found === 'True' ? 'Succeeded' : 'Failed';
}

export const variantState = (variant: Variant): State => stateOf(variant, 'Ready');
export const trialState = (trial: Trial): State => stateOf(trial, 'Succeeded');

const latencyField = { P50: 'p50Ms', P90: 'p90Ms', P99: 'p99Ms' } as const;

/** What was measured of a variant on an accelerator, in all phases; undefined while there is nothing to say. */
export function measuredOf(snapshot: SearchSnapshot, variant: Variant, accelerator: Accelerator): Measured | undefined {
  const { search } = snapshot;
  const { quality, artifact } = variant.status ?? {};
  const its = trialsOn(snapshot, accelerator).filter(({ spec }) => spec.variantRef.name === variant.metadata.name);
  const [first, ...others] = phasesOf(search).map((phase) => {
    const trial = its.find(({ spec }) => spec.phase?.name === phase?.name);
    // One that was let go early has too few samples for its tail, and is beaten by the base.
    const usable = trial && trialState(trial) === 'Succeeded' && !trial.status?.stoppedEarly;
    const latency = usable ? trial.status?.latency : undefined;
    return latency && { name: phase?.name ?? '', threshold: phase?.threshold, latency, status: trial?.status };
  });
  if (!first || others.includes(undefined) || !quality || !artifact) return undefined;
  const { p50Ms, p99Ms, p99LowMs, p99HighMs } = first.latency;
  const field = latencyField[search.spec.latency.percentile];
  const phases = others.flatMap((phase) => {
    if (!phase) return [];
    const { name, threshold, latency } = phase;
    const thresholdMs = threshold ? durationMs(threshold) : undefined;
    return [{ name, p50Ms: latency.p50Ms, p99Ms: latency.p99Ms, latencyMs: latency[field], thresholdMs }];
  });
  const { peakMemoryBytes, work, memory } = first.status ?? {};
  const figured = { sizeBytes: artifact.sizeBytes, peakMemoryBytes, work, memory };
  const figures = search.spec.figures?.map(({ name, limit, objective }): Figure => {
    return { name, value: figureValue(name, figured), limit: limit ? quantity(limit) : undefined, objective };
  });
  return {
    variant: variant.metadata.name,
    label: label(variant.spec.candidate),
    quality,
    sizeBytes: artifact.sizeBytes,
    ...{ p50Ms, p99Ms, p99LowMs, p99HighMs },
    ...(phases.length > 0 && { phases }),
    ...(figures && { figures }),
    latencyMs: first.latency[field],
    outputsAgree: first.status?.outputsAgree !== false,
  };
}

const variantsBase = ({ search, variants }: SearchSnapshot): Variant | undefined =>
  variants.find(({ metadata }) => metadata.name === baseName(search));

/** What quality a variant must have to be recommended, counted from the base once that is judged. */
const qualityLimit = (snapshot: SearchSnapshot): QualityLimit =>
  limitOf(snapshot.search.spec.quality, variantsBase(snapshot)?.status?.quality);

/** Beyond what an objective of the sampler is worth nothing: quality, latency phase by phase, figures. */
export function samplerLimits(snapshot: SearchSnapshot): (number | undefined)[] {
  const { spec } = snapshot.search;
  const { quality } = variantsBase(snapshot)?.status ?? {};
  const phases = spec.workload.phases ?? [{ threshold: spec.latency.threshold }];
  return [
    quality && mostLoss(quality, qualityLimit(snapshot)),
    ...phases.map(({ threshold }) => threshold && durationMs(threshold)),
    ...(spec.figures ?? []).map(({ name, limit }) => limit && figureCost(name, quantity(limit))),
  ].map((limit) => limit || undefined);
}

/** Longer reasons than a status may hold are cut. */
const longestReason = 256;

function acceleratorStatus(snapshot: SearchSnapshot, accelerator: Accelerator): AcceleratorStatus {
  const { search, variants } = snapshot;
  const measured = variants.flatMap((variant) => measuredOf(snapshot, variant, accelerator) ?? []);
  const threshold = search.spec.workload.phases?.[0]?.threshold ?? search.spec.latency.threshold;
  const limits = { quality: qualityLimit(snapshot), thresholdMs: threshold ? durationMs(threshold) : undefined };
  const { front, recommended, message, hypervolume } = outcome(measured, limits, baseName(search));
  const useless = uselessOn(snapshot, accelerator).map(({ choice, reason }) => {
    return { choice, reason: reason.slice(0, longestReason) };
  });
  const { metric } = search.spec.quality;
  return {
    ...accelerator,
    ...(useless.length > 0 && { narrowed: useless }),
    ...{ trials: measured.length, metric, front, recommended, message, hypervolume },
  };
}

/** Counts and fronts, made anew from the children each time. */
export function summarize(snapshot: SearchSnapshot, accelerators: readonly Accelerator[]): Partial<NASSearchStatus> {
  const { search, variants, trials } = snapshot;
  const count = <T>(all: T[], state: (one: T) => State, wanted: State) =>
    all.filter((one) => state(one) === wanted).length;
  const running = trials.filter((trial) => trialState(trial) === 'Pending' && trial.status?.pod !== undefined).length;
  return {
    base: variants.some(({ metadata }) => metadata.name === baseName(search)) ? baseName(search) : undefined,
    variants: {
      ready: count(variants, variantState, 'Succeeded'),
      failed: count(variants, variantState, 'Failed'),
      pending: count(variants, variantState, 'Pending'),
    },
    trials: {
      succeeded: count(trials, trialState, 'Succeeded'),
      failed: count(trials, trialState, 'Failed'),
      running,
      pending: count(trials, trialState, 'Pending') - running,
    },
    accelerators: accelerators.map((accelerator) => acceleratorStatus(snapshot, accelerator)),
  };
}
