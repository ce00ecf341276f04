import type { Clock } from '../../runtime/reconcile.ts';
import { type Buckets, toHistogram, unitOf } from '../buckets.ts';
import type { LatencyReader, PodAddress, Reading } from '../source.ts';
import { besideLatency, type Counted, type Counters, countersIn } from './counters.ts';
import { histogramBuckets } from './exposition.ts';

export interface ScrapeOptions {
  port: number;
  path: string;
  histogram: string;
}

interface Scraped {
  buckets: Buckets;
  counters: Counters;
}

interface Sample extends Scraped {
  atMs: number;
}

const timeoutMs = 2000;
/** Older samples than the longest window anybody asks for are dropped; two a second at the most are kept. */
const keepMs = 15 * 60_000;
const spacingMs = 500;

/** What was counted between two scrapes of one pod; a counter that went back was reset by a restart. */
function growth(from: Buckets, to: Buckets): Buckets {
  const reset = [...to].some(([upper, count]) => count < (from.get(upper) ?? 0));
  return new Map([...to].map(([upper, count]) => [upper, reset ? count : count - (from.get(upper) ?? 0)]));
}

/**
 * Reads latency from the pods' own metrics endpoint, for where there is no Prometheus. It remembers what it scraped: a
 * window reaches back to the first scrape at most, and after a restart of the operator it fills anew.
 */
export function scrapeReader(options: ScrapeOptions, clock: Clock): LatencyReader {
  const history = new Map<string, Sample[]>();

  async function scrape({ address }: PodAddress): Promise<Scraped> {
    const response = await fetch(`http://${address}:${options.port}${options.path}`, {
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const text = await response.text();
    return { buckets: histogramBuckets(text, options.histogram), counters: countersIn(text) };
  }

  function remember(pod: string, scraped: Scraped): Sample[] {
    const atMs = clock();
    const samples = (history.get(pod) ?? []).filter((sample) => atMs - sample.atMs <= keepMs);
    const last = samples.at(-1);
    if (!last || atMs - last.atMs >= spacingMs) samples.push({ atMs, ...scraped });
    history.set(pod, samples);
    return samples;
  }

  /** The sample nearest before the window's start; a pod that is younger than the window counts from nothing. */
  function baselineOf(samples: Sample[], startMs: number): Sample | undefined {
    return samples.findLast(({ atMs }) => atMs <= startMs) ?? samples[0];
  }

  return {
    async read(pods, windowMs): Promise<Reading> {
      const scraped = await Promise.allSettled(pods.map(async (pod) => ({ pod, now: await scrape(pod) })));
      const total: Buckets = new Map();
      const nowMs = clock();
      const counted: Counted[] = [];
      let seconds = 0;
      let failure: string | undefined;
      for (const result of scraped) {
        if (result.status === 'rejected') {
          failure = String((result.reason as Error).cause ?? result.reason);
          continue;
        }
        const { pod, now } = result.value;
        const samples = remember(pod.name, now);
        const before = baselineOf(samples, nowMs - windowMs);
        if (!before) continue;
        for (const [upper, count] of growth(before.buckets, now.buckets)) {
          total.set(upper, (total.get(upper) ?? 0) + count);
        }
        const its = (nowMs - before.atMs) / 1000;
        counted.push({ from: before.counters, to: now.counters, seconds: its });
        seconds = Math.max(seconds, its);
      }
      for (const [pod, samples] of history) {
        if (nowMs - (samples.at(-1)?.atMs ?? 0) > keepMs) history.delete(pod);
      }
      if (total.size > 0) {
        const histogram = toHistogram(total, unitOf(options.histogram));
        return { kind: 'Histogram', histogram, seconds, ...besideLatency(counted) };
      }
      if (failure && pods.length > 0) {
        const where = `port ${options.port}${options.path} of the workload's pods`;
        return {
          kind: 'Unreachable',
          message: `${where} can't be scraped (${failure}): no action is taken until they can`,
        };
      }
      return { kind: 'NoData', message: `no pod of the workload shows ${options.histogram} at ${options.path} yet` };
    },
  };
}
