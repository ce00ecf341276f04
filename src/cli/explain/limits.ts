import type { NASSearch } from '../../api/nas-search.ts';
import { durationMs } from '../../api/units.ts';
import type { SearchSnapshot } from '../../controllers/search/gather.ts';
import { qualityLimit } from '../../controllers/search/limits.ts';
import { withinLimit } from '../../core/hardware/figures.ts';
import { acceptable, limitPhrase, type QualityLimit } from '../../core/quality/limit.ts';
import { showValue } from '../../core/quality/metric.ts';
import type { Measured } from '../../core/search/choice.ts';
import { ms, short } from '../show/figures.ts';

/** What a variant must keep to be recommended. */
export interface Limits {
  quality: QualityLimit;
  thresholdMs?: number;
  percentile: string;
}

export function limitsOf(snapshot: SearchSnapshot): Limits {
  const { workload, latency } = snapshot.search.spec;
  const threshold = workload.phases?.[0]?.threshold ?? latency.threshold;
  return {
    quality: qualityLimit(snapshot),
    thresholdMs: threshold ? durationMs(threshold) : undefined,
    percentile: latency.percentile.toLowerCase(),
  };
}

/** The limits of a search in words; undefined where it sets none. */
export function limitsPhrase({ spec }: NASSearch, { quality, thresholdMs, percentile }: Limits): string | undefined {
  const all = [
    limitPhrase(spec.quality.metric, quality),
    thresholdMs === undefined ? undefined : `${percentile} within ${thresholdMs} ms`,
    ...(spec.figures ?? []).map(({ name, limit }) => limit && `${name} within ${limit}`),
  ].filter((each) => each !== undefined);
  return all.length > 0 ? all.join(', ') : undefined;
}

function qualityMiss({ quality }: Measured, { quality: limit }: Limits): string[] {
  if (acceptable(quality, limit)) return [];
  const { metric, value, dropHigh } = quality;
  const drop =
    limit.maxDrop !== undefined && dropHigh !== undefined
      ? `: its drop is certain to be below ${(100 * dropHigh).toFixed(2)}% alone`
      : '';
  return [`${showValue(metric, value)} ${metric} is not ${limitPhrase(metric, limit)}${drop}`];
}

function latencyMiss(
  { latencyMs, latencyHighMs, phases = [] }: Measured,
  { thresholdMs, percentile }: Limits,
): string[] {
  const upTo = latencyHighMs > latencyMs ? `, up to ${ms(latencyHighMs)} ms for certain` : '';
  return [
    ...(thresholdMs !== undefined && latencyHighMs > thresholdMs
      ? [`${percentile} ${ms(latencyMs)} ms${upTo}, over the threshold of ${thresholdMs} ms`]
      : []),
    ...phases
      .filter((phase) => phase.thresholdMs !== undefined && phase.latencyMs > phase.thresholdMs)
      .map(
        (phase) =>
          `${percentile} ${ms(phase.latencyMs)} ms of ${phase.name}, over its threshold of ${phase.thresholdMs} ms`,
      ),
  ];
}

export const figureMisses = ({ figures = [] }: Measured): string[] =>
  figures
    .filter((figure) => !withinLimit(figure))
    .map(({ name, value, limit }) =>
      value === undefined
        ? `${name} is not known, and is limited to ${short(limit)}`
        : `${name} is ${short(value)}, beyond the limit of ${short(limit)}`,
    );

/** Every limit that a measured variant breaks, a sentence each. */
export const misses = (one: Measured, limits: Limits): string[] => [
  ...(one.outputsAgree ? [] : ['its outputs there are not those that it was judged with']),
  ...qualityMiss(one, limits),
  ...latencyMiss(one, limits),
  ...figureMisses(one),
];
