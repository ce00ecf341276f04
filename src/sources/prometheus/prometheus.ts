import { toHistogram } from '../buckets.ts';
import type { LatencyReader, Reading } from '../source.ts';
import { Answer, bucketsOf, Refusal } from './answer.ts';
import { type LatencyQuery, latencyQuery, type PrometheusSource, type Workload } from './query.ts';
import { type Beside, besideOf } from './signals.ts';

const timeoutMs = 5000;

/** Prometheus' answer, or its refusal, which no later try will change. Throws when there is neither. */
async function ask(url: string, promql: string, signal: AbortSignal | undefined): Promise<Answer | string> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/query`, {
    // In the body: the names of a few hundred pods are longer than a URL may be.
    method: 'POST',
    body: new URLSearchParams({ query: promql }),
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  });
  const text = await response.text();
  if (response.status === 400 || response.status === 422) {
    const refusal = Refusal.safeParse(parsed(text));
    if (refusal.success) return refusal.data.error;
  }
  if (!response.ok) throw new Error(`HTTP ${response.status} ${text.slice(0, 200)}`);
  const answer = Answer.safeParse(parsed(text));
  return answer.success ? answer.data : `what it answered is no vector: ${answer.error.issues[0]?.message}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`it answered "${text.slice(0, 60)}", which is not JSON`);
  }
}

function reading(
  answer: Answer | string,
  beside: Beside,
  { unit, missing }: LatencyQuery,
  { url, windowMs }: { url: string; windowMs: number },
): Reading {
  const refused = (why: string): Reading => ({
    kind: 'Refused',
    message: `Prometheus at ${url} did not take the query (${why}): correct spec.source.prometheus`.slice(0, 1000),
  });
  if (typeof answer === 'string') return refused(answer);
  const buckets = bucketsOf(answer);
  if (!buckets) return refused('its result has neither a label le nor native histograms');
  if (buckets.size === 0) return { kind: 'NoData', message: `Prometheus at ${url}: ${missing}`.slice(0, 1000) };
  return { kind: 'Histogram', histogram: toHistogram(buckets, unit), seconds: windowMs / 1000, ...beside };
}

/** Reads latency from a Prometheus server, or whatever else answers its HTTP API. */
export function prometheusReader(source: PrometheusSource, workload: Workload): LatencyReader {
  return {
    async read(pods, windowMs, signal): Promise<Reading> {
      if (pods.length === 0) return { kind: 'NoData', message: 'the workload has no pod with an address yet' };
      const query = latencyQuery(source, workload, pods, windowMs);
      try {
        const [answer, besides] = await Promise.all([
          ask(source.url, query.promql, signal),
          // Latency decides; what stands beside it is had or not.
          ask(source.url, query.beside, signal).catch(() => ''),
        ]);
        const beside = typeof besides === 'string' ? { signals: {} } : besideOf(besides);
        return reading(answer, beside, query, { url: source.url, windowMs });
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
        const message = `Prometheus at ${source.url} did not answer (${cause}): no action is taken until it does`;
        return { kind: 'Unreachable', message };
      }
    },
  };
}
