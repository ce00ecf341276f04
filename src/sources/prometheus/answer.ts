import { z } from 'zod';
import { addBucket, type Buckets } from '../buckets.ts';

const BoundaryRule = z.int().min(0).max(3);
const Bucket = z.tuple([BoundaryRule, z.string(), z.string(), z.string()]);

/** A native histogram: populated buckets alone, each with both of its bounds. */
const Native = z.object({ count: z.string(), sum: z.string(), buckets: z.array(Bucket).optional() });

/** The answer of an instant query (Prometheus HTTP API v1) with a vector, as far as it is read here. */
export const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector', 'the query must yield a vector'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]).optional(),
        histogram: z.tuple([z.number(), Native]).optional(),
      }),
    ),
  }),
});
export type Answer = z.infer<typeof Answer>;

/** What Prometheus says of a query that it won't run. */
export const Refusal = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

/** Cumulative counts at every bound of a native histogram; empty stretches between buckets keep their bounds. */
function nativeBuckets(histograms: readonly z.infer<typeof Native>[]): Buckets {
  const all = histograms.flatMap(({ buckets = [] }) =>
    buckets.map(([, left, right, count]) => ({ left: Number(left), right: Number(right), count: Number(count) })),
  );
  const bounds = new Set(all.flatMap(({ left, right }) => [left, right]).filter((value) => value > 0));
  const upTo = (upper: number) => all.reduce((sum, { right, count }) => (right <= upper ? sum + count : sum), 0);
  const buckets: Buckets = new Map([...bounds].map((upper) => [upper, upTo(upper)]));
  return buckets.set(
    Number.POSITIVE_INFINITY,
    histograms.reduce((sum, { count }) => sum + Number(count), 0),
  );
}

/**
 * The buckets in an answer, in the query's own unit; undefined when its series have none at all (no label `le` and no
 * native histogram). Native histograms go before classic ones of the same metric, which count the same requests.
 */
export function bucketsOf({ data: { result } }: Answer): Buckets | undefined {
  const native = result.flatMap(({ histogram }) => (histogram ? [histogram[1]] : []));
  if (native.length > 0) return nativeBuckets(native);
  const buckets: Buckets = new Map();
  for (const { metric, value } of result) {
    const count = Number(value?.[1]);
    if (metric.le !== undefined && Number.isFinite(count)) addBucket(buckets, metric.le, count);
  }
  return buckets.size > 0 || result.length === 0 ? buckets : undefined;
}
