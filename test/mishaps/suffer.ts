import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersion } from '../../src/api/common.ts';
import type { LatencySLA } from '../../src/api/latency-sla.ts';
import { latencySlas } from '../../src/api/resources.ts';
import { withDefaults } from '../../src/api/validate.ts';
import { type Load, startLoad } from '../../src/serve/load.ts';
import { claim, openFront, type Place } from './front.ts';
import type { Mishap, Workshop } from './models.ts';

export interface Served {
  /** Of the Deployment that serves the base model, and its inference endpoint as clients see it. */
  workload: string;
  url: string;
  path: string;
  source: object;
}

export interface How {
  count: number;
  /** Taken in turn. */
  kinds: readonly Mishap[];
  ratePerSecond: number;
  thresholdMs: number;
  /** For each step of a rollout. */
  timeoutSeconds: number;
  say(line: string): void;
}

export interface Suffered {
  /** By what the variants did: how many, and for which reasons they were taken back. */
  rolledBack: Record<string, Record<string, number>>;
  promoted: number;
  sent: number;
  failures: Record<string, number>;
  /** Of the answers that were looked at, how many were not the base model's. */
  looked: number;
  wrong: number;
  seconds: number;
}

const image = Array.from({ length: 784 }, (_, i) => (i * 31) % 256);
const request = JSON.stringify({ inputs: [{ name: 'image', datatype: 'UINT8', shape: [1, 1, 28, 28], data: image }] });

async function answered(url: string): Promise<number[]> {
  const response = await fetch(url, { method: 'POST', body: request, headers: { connection: 'close' } });
  const { outputs } = (await response.json()) as { outputs: { data: number[] }[] };
  return outputs[0]?.data ?? [];
}

/** Looks at an answer ten times a second: whoever gives it, it must be the base model's. */
function lookAtAnswers(url: string, right: readonly number[], stop: AbortSignal) {
  const counts = { looked: 0, wrong: 0 };
  const ended = (async () => {
    while (!stop.aborted) {
      // A request that fails is counted by the open-loop client.
      const now = await answered(url).catch(() => undefined);
      if (now) counts.looked++;
      if (now?.some((value, i) => Math.abs(value - (right[i] ?? 0)) > 1e-3)) counts.wrong++;
      await sleep(100);
    }
  })();
  return { counts, ended };
}

function slaOf({ namespace }: Place, { workload, path, source }: Served, how: How): LatencySLA {
  return withDefaults({
    ...{ apiVersion, kind: 'LatencySLA', metadata: { name: workload, namespace } },
    spec: {
      ...{ workloadRef: { name: workload }, searchRef: { name: 'mishaps' }, source, retune: { triggers: [] } },
      objective: { percentile: 'P99', threshold: `${how.thresholdMs}ms`, window: '10s' },
      policy: { minSamples: 50, cooldown: '1s', interval: '1s' },
      rollout: { minSamples: 100, timeout: `${how.timeoutSeconds}s`, answers: { port: 8080, path } },
    },
  } as unknown as LatencySLA);
}

/**
 * Variants that are not what they claim, one after another, in front of open-loop clients: each looks better than what is
 * served, so the SLA rolls it out by itself. Ends when all of them were taken back, or any was kept.
 */
export async function suffer(place: Place, workshop: Workshop, served: Served, how: How): Promise<Suffered> {
  const { cluster, namespace } = place;
  const base = { quality: 0.9, p99Ms: 5, capacityPerSecond: 10 * how.ratePerSecond };
  await openFront(place, workshop, base);
  const started = performance.now();
  const right = await answered(served.url);
  const headers = { 'content-type': 'application/json' };
  const body = new TextEncoder().encode(request);
  const load: Load = startLoad({ url: served.url, body, headers, ratePerSecond: how.ratePerSecond, seed: 3 });
  const stop = new AbortController();
  const looking = lookAtAnswers(served.url, right, stop.signal);
  const key = { namespace, name: served.workload };
  const status = async () => (await cluster.get(latencySlas, key))?.status;
  const result: Omit<Suffered, 'sent' | 'failures' | 'looked' | 'wrong' | 'seconds'> = { rolledBack: {}, promoted: 0 };
  try {
    await cluster.create(latencySlas, slaOf(place, served, how));
    for (let serial = 0; serial < how.count; serial++) {
      const mishap = how.kinds[serial % how.kinds.length] ?? 'Slow';
      const name = `bad-${serial}-${mishap.toLowerCase()}`;
      const artifact = await workshop.make(mishap, serial);
      await claim(place, workshop, { ...base, quality: 0.95, p99Ms: 2, name, artifact });
      const reason = await ended(name);
      if (reason === 'Promoted') result.promoted++;
      const reasons = result.rolledBack[mishap] ?? {};
      result.rolledBack[mishap] = { ...reasons, [reason]: (reasons[reason] ?? 0) + 1 };
      how.say(`${serial + 1} of ${how.count}: ${name}: ${reason}`);
      if (reason === 'Promoted') break;
    }
  } catch (error) {
    await load.stop(0);
    throw error;
  } finally {
    stop.abort();
    await looking.ended;
  }
  const { sent, failures } = await load.stop();
  return { ...result, sent, failures, ...looking.counts, seconds: (performance.now() - started) / 1000 };

  /** The reason for which the rollout of a variant ended. */
  async function ended(name: string): Promise<string> {
    const longestMs = 1000 * (60 + 4 * how.timeoutSeconds);
    for (const deadline = Date.now() + longestMs; Date.now() < deadline; await sleep(200)) {
      const now = await status();
      const end = now?.history?.findLast(
        ({ event, message }) => (event === 'Promoted' || event === 'RolledBack') && message.startsWith(`${name}:`),
      );
      if (end) return end.reason;
    }
    const now = await status();
    throw new Error(
      `${name} was not over in ${longestMs / 1000} s: ${JSON.stringify(now?.rollout)} ${JSON.stringify(now?.conditions)}`,
    );
  }
}
