import { lossOf } from '../../core/quality/metric.ts';
import { type Forecast, forecasts, type Known } from '../../core/search/forecast.ts';
import type { Space } from '../../core/search/space.ts';
import { type Accelerator, wholeSpace } from './accelerators.ts';
import type { SearchSnapshot } from './gather.ts';
import { measuredOf } from './measured.ts';
import { byAge } from './order.ts';

/** A variant that was made and judged, as one accelerator sees it. */
export interface KnownVariant extends Known {
  name: string;
}

/** What was measured in other places: other accelerators, and this one before its machines were changed. */
function elsewhere({ trials }: SearchSnapshot, { name, generation }: Accelerator): Accelerator[] {
  const places = trials.map(({ spec }) => ({ name: spec.accelerator, generation: spec.generation, known: 0 }));
  const others = places.filter((one) => one.name !== name || one.generation !== generation);
  const unique = new Map(others.map((one) => [`${one.name} ${one.generation}`, one]));
  return [...unique.values()].sort((a, b) => a.name.localeCompare(b.name) || a.generation - b.generation);
}

/**
 * Every variant that says something about an accelerator, oldest first. One that is being measured there (`tried`), or
 * that came to nothing there, says nothing.
 */
export function knownOn(
  snapshot: SearchSnapshot,
  accelerator: Accelerator,
  tried: ReadonlySet<string>,
): KnownVariant[] {
  const places = elsewhere(snapshot, accelerator);
  return snapshot.variants.toSorted(byAge).flatMap((variant): KnownVariant[] => {
    const { quality, parts } = variant.status ?? {};
    const { name } = variant.metadata;
    const msIn = (place: Accelerator) => measuredOf(snapshot, variant, place)?.latencyMs;
    const hereMs = msIn(accelerator);
    if (!quality || (tried.has(name) && hereMs === undefined)) return [];
    const { candidate } = variant.spec;
    return [{ name, candidate, parts, loss: lossOf(quality), elsewhereMs: places.map(msIn), hereMs }];
  });
}

/** What each should take there, in the order of `known`. */
export function forecastsOn(
  snapshot: SearchSnapshot,
  accelerator: Accelerator,
  known: readonly KnownVariant[],
  space: Space = wholeSpace(snapshot),
): (Forecast | undefined)[] {
  const profile = snapshot.profiles.find(({ metadata }) => metadata.name === accelerator.name);
  return forecasts(space, known, profile?.status?.abilities);
}
