import { worstLoss } from '../../core/quality/metric.ts';
import type { Space } from '../../core/search/space.ts';
import { worthMeasuring } from '../../core/search/transfer.ts';
import { type Accelerator, baseOf } from './accelerators.ts';
import type { SearchSnapshot } from './gather.ts';
import { forecastsOn, knownOn } from './known.ts';
import { byAge } from './order.ts';

/** How much of its budget an accelerator that comes later spends on what was found elsewhere. */
const inheritedShare = 0.5;

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
  const earlier = new Set(
    variants
      .toSorted(byAge)
      .slice(0, accelerator.known)
      .map(({ metadata }) => metadata.name),
  );
  const budget = Math.floor(inheritedShare * search.spec.budget.maxVariants);
  const left = budget - [...earlier].filter((name) => tried.has(name)).length;
  const known = knownOn(snapshot, accelerator, tried).filter(({ name }) => earlier.has(name));
  const base = baseOf(snapshot);
  const baseMs = known.find(({ name }) => name === base?.metadata.name)?.hereMs;
  const quality = base?.status?.quality;
  const elsewhere = known.some(({ elsewhereMs }) => elsewhereMs.length > 0);
  if (!quality || !baseMs || left <= 0 || !elsewhere) return [];
  const corner = [2 * baseMs, worstLoss(quality)] as const;
  const expected = forecastsOn(snapshot, accelerator, known, space);
  const chosen = worthMeasuring(known, expected, corner, Math.min(left, search.spec.budget.parallelism));
  return chosen.flatMap((place) => known[place]?.name ?? []);
}
