import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { Trial } from '../../api/trial.ts';
import { limitOf, type QualityLimit } from '../../core/quality/limit.ts';
import type { Finalist } from '../../core/sla/choice.ts';
import { isTrue } from '../../runtime/conditions.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { isFirstPhase } from '../shared/phases.ts';
import type { SlaSnapshot } from './gather.ts';

const succeeded = ({ status }: Trial) => isTrue(status?.conditions, 'Succeeded');

/** The accelerator of a node; undefined for one of no known type, and where there is none yet. */
export const acceleratorAt = (profiles: readonly HardwareProfile[], node: string | undefined): string | undefined =>
  profiles.find(({ status }) => node !== undefined && status?.nodes?.includes(node))?.metadata.name;

/**
 * The accelerator of the workload: the one named, else that of the node that its first ready pod is on; the first scheduled
 * one where none is ready. A pod that is about to end may be on what the workload has just left.
 */
export function acceleratorOf(
  { sla, profiles }: Pick<SlaSnapshot, 'sla' | 'profiles'>,
  target: TargetSnapshot,
): string | undefined {
  if (sla.spec.accelerator) return sla.spec.accelerator;
  const own = target.pods.filter(({ track, node }) => track === 'stable' && node);
  return acceleratorAt(profiles, (own.find(({ ready }) => ready) ?? own[0])?.node);
}

/**
 * How many pods of the workload are on each accelerator, those that only start included, by name; pods on no node, or on
 * one of no known type, are left out.
 */
export function podsByAccelerator(
  profiles: readonly HardwareProfile[],
  { pods }: Pick<TargetSnapshot, 'pods'>,
): Map<string, number> {
  const counts = new Map<string, number>();
  const own = pods.filter(({ track }) => track === 'stable');
  for (const type of own.flatMap(({ node }) => acceleratorAt(profiles, node) ?? []).sort()) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

/** Every variant that was made, judged and measured on this accelerator with right outputs. */
export function finalists(
  { search, variants, trials }: Pick<SlaSnapshot, 'search' | 'variants' | 'trials'>,
  accelerator: string | undefined,
): Finalist[] {
  return trials.flatMap((trial) => {
    const variant = variants.find(({ metadata }) => metadata.name === trial.spec.variantRef.name);
    const { artifact, quality } = variant?.status ?? {};
    const { latency, loadCurve, outputsAgree, stoppedEarly } = trial.status ?? {};
    if (!isFirstPhase(search, trial)) return [];
    if (trial.spec.accelerator !== accelerator || !succeeded(trial) || outputsAgree === false || stoppedEarly)
      return [];
    if (!variant || !artifact || !quality || !latency) return [];
    return {
      variant: variant.metadata.name,
      digest: artifact.digest,
      modelUri: artifact.uri,
      quality,
      p50Ms: latency.p50Ms,
      p99Ms: latency.p99Ms,
      loadCurve: loadCurve ?? [],
    };
  });
}

/** The finalist that the workload serves now. The base model counts as served under its own URI too. */
export function activeFinalist(
  all: Finalist[],
  { search }: Pick<SlaSnapshot, 'search'>,
  modelUri: string,
): Finalist | undefined {
  const base = modelUri === search?.spec.model.uri ? search.status?.base : undefined;
  return all.find((finalist) => finalist.modelUri === modelUri || finalist.variant === base);
}

/** What quality a variant must have to be rolled out: the SLA's own floor, else what the search says. */
export function qualityLimit({
  sla,
  search,
  variants,
}: Pick<SlaSnapshot, 'sla' | 'search' | 'variants'>): QualityLimit {
  if (sla.spec.quality?.floor) return limitOf(sla.spec.quality);
  const base = variants.find(({ metadata }) => metadata.name === search?.status?.base)?.status?.quality;
  return limitOf(search?.spec.quality, base);
}
