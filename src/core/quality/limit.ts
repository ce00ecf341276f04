import { fraction } from '../../api/units.ts';
import type { Quality, QualityMetric } from '../../api/variant.ts';
import { dropUnit, lossOf, showValue } from './metric.ts';

/** What quality a variant must have to be recommended; anything goes where nothing is set. */
export interface QualityLimit {
  /** For bounded metrics: the least value. */
  floor?: number;
  /** The largest drop against `base`, a share of `dropUnit`. */
  maxDrop?: number;
  /** The quality of the base variant, once it is judged. */
  base?: Quality;
}

/** The limit that `spec.quality` sets, given what the base variant was judged to be. */
export function limitOf(spec: { floor?: string; maxDrop?: string } | undefined, base?: Quality): QualityLimit {
  if (spec?.floor) return { floor: fraction(spec.floor) };
  return spec?.maxDrop ? { maxDrop: fraction(spec.maxDrop), base } : {};
}

/** Sums of decimal fractions are off by some units in the last place. */
const rounding = 1e-9;

/**
 * Whether the quality is within the limit. A drop must be below the largest one with 95% certainty where the rows of
 * variant and base could be paired, and else as it was observed; the base itself always passes.
 */
export function acceptable(quality: Quality, { floor, maxDrop, base }: QualityLimit): boolean {
  if (floor !== undefined) return quality.value >= floor;
  if (maxDrop === undefined) return true;
  if (quality.dropHigh !== undefined) return quality.dropHigh <= maxDrop + rounding;
  if (!base) return true;
  const unit = dropUnit(base);
  return lossOf(quality) <= lossOf(base) + (maxDrop + rounding) * unit;
}

/** Drops up to so many times the largest allowed tell how uncertain a drop near it is. */
const near = 3;

/** How much more than was observed the drops near the largest allowed may be, in loss: their median. */
function doubt(base: Quality, maxDrop: number, judged: readonly Quality[]): number {
  const unit = dropUnit(base);
  const gaps = judged.flatMap((quality) => {
    const drop = lossOf(quality) - lossOf(base);
    const isNear = quality.dropHigh !== undefined && Math.abs(drop) <= near * maxDrop * unit;
    return isNear ? Math.max(0, (quality.dropHigh ?? 0) * unit - drop) : [];
  });
  return gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0;
}

/**
 * The most loss that a variant of a search with this base may be seen to have and still be within the limit, by how
 * uncertain the drops of those `judged` are; undefined where there is no limit.
 */
export function mostLoss(
  base: Quality,
  { floor, maxDrop }: QualityLimit,
  judged: readonly Quality[] = [],
): number | undefined {
  if (floor !== undefined) return lossOf({ ...base, value: floor });
  if (maxDrop === undefined) return undefined;
  return lossOf(base) + Math.max(0, maxDrop * dropUnit(base) - doubt(base, maxDrop, judged));
}

/** The limit as the end of "no variant …": `above 95.00%`, `certain to be within 1% of the base`. */
export function limitPhrase(metric: QualityMetric, { floor, maxDrop }: QualityLimit): string | undefined {
  if (floor !== undefined) return `above ${showValue(metric, floor)}`;
  if (maxDrop !== undefined) return `certain to be within ${Number((100 * maxDrop).toFixed(3))}% of the base`;
  return undefined;
}
