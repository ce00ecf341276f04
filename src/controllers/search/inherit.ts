import type { Variant } from '../../api/variant.ts';
import { lossOf, worstLoss } from '../../core/quality/metric.ts';
import type { Space } from '../../core/search/space.ts';
import { type Known, worthMeasuring } from '../../core/search/transfer.ts';
import type { Accelerator } from './accelerators.ts';
import { baseName } from './children.ts';
import type { SearchSnapshot } from './gather.ts';
import { byAge } from './order.ts';
import { measuredOf } from './summary.ts';

/** How much of its budget an accelerator that comes later spends on what was found elsewhere. */
const inheritedShare = 0.5;

/** What was measured in other places: other accelerators, and this one before its machines were changed. */
function elsewhere({ trials }: SearchSnapshot, { name, generation }: Accelerator): Accelerator[] {
  const places = trials.map(({ spec }) => ({ name: spec.accelerator, generation: spec.generation, known: 0 }));
  const others = places.filter((one) => one.name !== name || one.generation !== generation);
  const unique = new Map(others.map((one) => [`${one.name} ${one.generation}`, one]));
  return [...unique.values()].sort((a, b) => a.name.localeCompare(b.name) || a.generation - b.generation);
}

/**
 * Which of the variants that there were before it an accelerator should measure now: those that should add most to its
 * front, by what they do elsewhere and by what was measured here so far.
 */
export function inherited(
  snapshot: SearchSnapshot,
  accelerator: Accelerator,
  space: Space,
  tried: Set<string>,
): string[] {
  const { search, variants } = snapshot;
  const earlier = variants.toSorted(byAge).slice(0, accelerator.known);
  const places = elsewhere(snapshot, accelerator);
  const budget = Math.floor(inheritedShare * search.spec.budget.maxVariants);
  const left = budget - earlier.filter(({ metadata }) => tried.has(metadata.name)).length;
  const msIn = (variant: Variant, place: Accelerator) => measuredOf(snapshot, variant, place)?.latencyMs;
  const known = earlier.flatMap((variant): (Known & { name: string })[] => {
    const { quality } = variant.status ?? {};
    const hereMs = msIn(variant, accelerator);
    // One that is being measured here, or that came to nothing here, teaches nothing.
    if (!quality || (tried.has(variant.metadata.name) && hereMs === undefined)) return [];
    const { candidate } = variant.spec;
    const elsewhereMs = places.map((place) => msIn(variant, place));
    return [{ name: variant.metadata.name, candidate, loss: lossOf(quality), elsewhereMs, hereMs }];
  });
  const base = variants.find(({ metadata }) => metadata.name === baseName(search));
  const baseMs = base && msIn(base, accelerator);
  if (!base?.status?.quality || !baseMs || left <= 0 || places.length === 0) return [];
  const corner = [2 * baseMs, worstLoss(base.status.quality)] as const;
  const chosen = worthMeasuring(space, known, corner, Math.min(left, search.spec.budget.parallelism));
  return chosen.flatMap((place) => known[place]?.name ?? []);
}
