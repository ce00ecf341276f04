import { durationMs, quantity } from '../../api/units.ts';
import { figureCost } from '../../core/hardware/figures.ts';
import { limitOf, mostLoss, type QualityLimit } from '../../core/quality/limit.ts';
import { baseOf } from './accelerators.ts';
import type { SearchSnapshot } from './gather.ts';

/** What quality a variant must have to be recommended, counted from the base once that is judged. */
export const qualityLimit = (snapshot: SearchSnapshot): QualityLimit =>
  limitOf(snapshot.search.spec.quality, baseOf(snapshot)?.status?.quality);

/** Beyond what an objective of the sampler is worth nothing: quality, latency phase by phase, figures. */
export function samplerLimits(snapshot: SearchSnapshot): (number | undefined)[] {
  const { spec } = snapshot.search;
  const { quality } = baseOf(snapshot)?.status ?? {};
  const judged = snapshot.variants.flatMap(({ status }) => status?.quality ?? []);
  const phases = spec.workload.phases ?? [{ threshold: spec.latency.threshold }];
  return [
    quality && mostLoss(quality, qualityLimit(snapshot), judged),
    ...phases.map(({ threshold }) => threshold && durationMs(threshold)),
    ...(spec.figures ?? []).map(({ name, limit }) => limit && figureCost(name, quantity(limit))),
  ].map((limit) => limit || undefined);
}
