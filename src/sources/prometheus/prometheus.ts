import { z } from 'zod';
import { addBucket, type Buckets, toHistogram } from '../buckets.ts';
import type { LatencyReader, PodAddress, Reading } from '../source.ts';

export interface PrometheusOptions {
  url: string;
  histogram: string;
  podLabel: string;
}

/** The answer of an instant query (Prometheus HTTP API v1), as far as it is read here. */
const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

const timeoutMs = 5000;

function query({ histogram, podLabel }: PrometheusOptions, pods: PodAddress[], windowMs: number): string {
  const names = pods.map(({ name }) => name).join('|');
  return `sum by (le) (increase(${histogram}_bucket{${podLabel}=~"${names}"}[${Math.ceil(windowMs / 1000)}s]))`;
}

async function ask(url: URL, signal: AbortSignal | undefined): Promise<z.infer<typeof Answer>> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
  if (!response.ok) throw new Error(`HTTP ${response.status} ${(await response.text()).slice(0, 200)}`);
  return Answer.parse(await response.json());
}

/** Reads latency from a Prometheus server; the pods must be among its targets. */
export function prometheusReader(options: PrometheusOptions): LatencyReader {
  return {
    async read(pods, windowMs, signal): Promise<Reading> {
      if (pods.length === 0) return { kind: 'NoData', message: 'the workload has no pod with an address yet' };
      const url = new URL('/api/v1/query', options.url);
      url.searchParams.set('query', query(options, pods, windowMs));
      try {
        const { data } = await ask(url, signal);
        const buckets: Buckets = new Map();
        for (const { metric, value } of data.result) addBucket(buckets, metric.le ?? '+Inf', Number(value[1]));
        if (buckets.size === 0) {
          const message = `Prometheus at ${options.url} has no series ${options.histogram}_bucket of the workload's pods: check that it scrapes them and labels them "${options.podLabel}"`;
          return { kind: 'NoData', message };
        }
        return { kind: 'Histogram', histogram: toHistogram(buckets), seconds: windowMs / 1000 };
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
        const message = `Prometheus at ${options.url} did not answer (${cause}): no action is taken until it does`;
        return { kind: 'Unreachable', message };
      }
    },
  };
}
