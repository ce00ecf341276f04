import { z } from 'zod';
import { LoadPoint } from '../../../src/api/trial.ts';
import { Quality } from '../../../src/api/variant.ts';

/** One variant as its trial measured it. */
export const MeasuredVariant = z.object({
  variant: z.string(),
  precision: z.string(),
  /** On the measured front of quality and p99. */
  onFront: z.boolean(),
  quality: Quality,
  p50Ms: z.number(),
  p99Ms: z.number(),
  meanMs: z.number(),
  loadCurve: z.array(LoadPoint),
  /** Service times in milliseconds at evenly spaced shares of all runs, ascending: what the simulation draws from. */
  serviceMs: z.array(z.number()).min(2),
});
export type MeasuredVariant = z.infer<typeof MeasuredVariant>;

/** What one search of the quick-start found on one machine; written by `record.ts`. */
export const Front = z.object({
  machine: z.string(),
  batchSize: z.number(),
  base: z.string(),
  /** The p99 that is promised when it is served. */
  thresholdMs: z.number(),
  variants: z.array(MeasuredVariant),
});
export type Front = z.infer<typeof Front>;

/** The service time at a share (0 to 1) of all runs, linear between the recorded ones. */
export function serviceAt({ serviceMs }: Pick<MeasuredVariant, 'serviceMs'>, share: number): number {
  const at = share * (serviceMs.length - 1);
  const i = Math.min(serviceMs.length - 2, Math.floor(at));
  const [low = 0, high = low] = [serviceMs[i], serviceMs[i + 1]];
  return low + (at - i) * (high - low);
}
