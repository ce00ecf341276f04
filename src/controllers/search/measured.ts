import { latencyField, type Trial } from '../../api/trial.ts';
import { durationMs, quantity } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { type Figure, figureValue } from '../../core/hardware/figures.ts';
import { label } from '../../core/search/candidate.ts';
import type { Measured } from '../../core/search/choice.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { phasesOf } from '../shared/phases.ts';
import { type Accelerator, trialsOn } from './accelerators.ts';
import type { SearchSnapshot } from './gather.ts';

export type State = 'Pending' | 'Succeeded' | 'Failed';

function stateOf({ status }: Variant | Trial, type: string): State {
  const found = findCondition(status?.conditions, type)?.status ?? 'Unknown';
  if (found === 'Unknown') return 'Pending';
  return found === 'True' ? 'Succeeded' : 'Failed';
}

export const variantState = (variant: Variant): State => stateOf(variant, 'Ready');
export const trialState = (trial: Trial): State => stateOf(trial, 'Succeeded');

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
    latencyHighMs: field === 'p99Ms' ? p99HighMs : first.latency[field],
    outputsAgree: first.status?.outputsAgree !== false,
  };
}
