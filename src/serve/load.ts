import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { moduleUrl } from '../runtime/modules.ts';

export interface LoadOptions {
  url: string;
  body: Uint8Array;
  headers: Record<string, string>;
  ratePerSecond: number;
  seed: number;
}

/** What happened since it was last asked; latencies in milliseconds, from when each request was due. */
export interface LoadCounts {
  sent: number;
  completed: number;
  failed: number;
  failures: Record<string, number>;
  latenciesMs: number[];
}

export type LoadCommand = { kind: 'Rate'; ratePerSecond: number } | { kind: 'Take' } | { kind: 'Stop' };

export interface Load {
  setRate(ratePerSecond: number): void;
  /** What happened since the last call, and how many requests are unanswered. */
  take(): Promise<LoadCounts & { inFlight: number }>;
  /** Sends nothing more, waits for the answers (at most `patienceMs`), and says what happened since the last call. */
  stop(patienceMs?: number): Promise<LoadCounts & { inFlight: number }>;
}

/**
 * An open-loop client: Poisson arrivals at a rate, sent whether or not earlier ones are answered, each over a connection
 * of its own. Latency counts from when a request was due, so that a server that stalls is charged for all who waited
 * (no coordinated omission).
 */
export function startLoad(options: LoadOptions): Load {
  const thread = new Worker(new URL(moduleUrl('./load-thread.ts', import.meta.url)), { workerData: options });
  const say = (command: LoadCommand) => thread.postMessage(command);
  const take = () =>
    new Promise<LoadCounts & { inFlight: number }>((resolve, reject) => {
      thread.once('error', reject);
      thread.once('message', (counts) => {
        thread.off('error', reject);
        resolve(counts);
      });
      say({ kind: 'Take' });
    });
  return {
    take,
    setRate: (ratePerSecond) => say({ kind: 'Rate', ratePerSecond }),
    async stop(patienceMs = 30_000) {
      say({ kind: 'Stop' });
      const total = await take();
      for (const deadline = Date.now() + patienceMs; total.inFlight > 0 && Date.now() < deadline; await sleep(50)) {
        const more = await take();
        total.inFlight = more.inFlight;
        total.completed += more.completed;
        total.failed += more.failed;
        total.latenciesMs.push(...more.latenciesMs);
        for (const [why, count] of Object.entries(more.failures)) {
          total.failures[why] = (total.failures[why] ?? 0) + count;
        }
      }
      await thread.terminate();
      return total;
    },
  };
}
