import { quantile } from '../../core/statistics/quantile.ts';
import type { Load } from '../../serve/load.ts';

export interface Second {
  at: string;
  atMs: number;
  percentileMs?: number;
  ratePerSecond: number;
}

const p99 = (latencies: number[]) => quantile(Float64Array.from(latencies).sort(), 0.99);

/** Writes down, second by second, what the clients of the demo saw. */
export class Recorder {
  readonly series: Second[] = [];
  readonly totals = { sent: 0, completed: 0, failed: 0, failures: {} as Record<string, number> };
  readonly #load: Load;
  readonly #seen: { atMs: number; latenciesMs: number[] }[] = [];

  constructor(load: Load) {
    this.#load = load;
  }

  async record(counts?: Awaited<ReturnType<Load['take']>>): Promise<void> {
    const { sent, completed, failed, failures, latenciesMs } = counts ?? (await this.#load.take());
    const atMs = Date.now();
    this.#seen.push({ atMs, latenciesMs });
    const before = this.series.at(-1)?.atMs ?? atMs - 1000;
    const seconds = Math.max(0.001, (atMs - before) / 1000);
    const percentileMs = latenciesMs.length > 0 ? p99(latenciesMs) : undefined;
    this.series.push({ at: new Date(atMs).toISOString(), atMs, percentileMs, ratePerSecond: sent / seconds });
    this.totals.sent += sent;
    this.totals.completed += completed;
    this.totals.failed += failed;
    for (const [why, count] of Object.entries(failures)) {
      this.totals.failures[why] = (this.totals.failures[why] ?? 0) + count;
    }
  }

  /** p99 in milliseconds of the requests answered between two moments; undefined without any. */
  p99Between(fromMs: number, toMs: number): number | undefined {
    const within = this.#seen
      .filter(({ atMs }) => atMs > fromMs && atMs <= toMs)
      .flatMap(({ latenciesMs }) => latenciesMs);
    return within.length > 0 ? p99(within) : undefined;
  }
}
