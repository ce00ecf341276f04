/** One run of the operator on a cluster that is filled: until it has looked at everything, and then for a while. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantity } from '../../../src/api/units.ts';
import { quantile } from '../../../src/core/statistics/quantile.ts';
import type { TestCluster } from '../../cluster/cluster.ts';
import type { Filled } from './fill.ts';
import { requests, type Shipped } from './installation.ts';
import { inGroup, type MemoryGroup, memoryGroup, resident, Samples } from './process.ts';

const port = 19_090;
const longestMs = 10 * 60_000;
/** As often as Prometheus usually asks. */
const scrapeMs = 15_000;
/** What is left to do after the first look, such as status to write, is not idleness. */
const settleMs = 30_000;

export interface Run {
  kubeconfig: string;
  started: Shipped;
  limited: boolean;
  idleSeconds: number;
  /** What there is to look at. */
  filled: Filled;
}

async function scrape(): Promise<Samples | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(30_000) }).catch(
    () => undefined,
  );
  return answer?.ok ? new Samples(await answer.text()) : undefined;
}

const controllers = { search: 'searches', variant: 'variants', trial: 'trials', sla: 'slas' } as const;

/** Whether every object of every kind was looked at, at least once each. */
const allSeen = (samples: Samples, filled: Filled): boolean =>
  Object.entries(controllers).every(([controller, kind]) => {
    return samples.sum('retune_reconcile_total', `controller="${controller}"`) >= filled[kind];
  }) && samples.sum('retune_leader') === 1;

async function untilAllSeen(group: MemoryGroup, filled: Filled, say: (line: string) => void): Promise<void> {
  let saidMs = performance.now();
  for (const until = performance.now() + longestMs; performance.now() < until; await sleep(500)) {
    const samples = await scrape();
    if (samples && allSeen(samples, filled)) return;
    const pid = await group.pid();
    if (pid === undefined) throw new Error('the operator ended before it had looked at everything');
    if (performance.now() - saidMs < 5000) continue;
    saidMs = performance.now();
    const { bytes } = await resident(pid);
    const done = samples?.sum('retune_reconcile_total') ?? 0;
    say(`${done} reconciles so far, ${(bytes / 2 ** 20).toFixed(0)} MiB resident`);
  }
  throw new Error(`the operator had not looked at everything after ${longestMs / 60_000} minutes`);
}

/** The middle of what was seen while nothing happened. */
async function idle(pid: number, seconds: number) {
  const seen: { samples: Samples; residentBytes: number; scrapeMs: number }[] = [];
  for (const until = performance.now() + 1000 * seconds; ; await sleep(Math.min(scrapeMs, until - performance.now()))) {
    const before = performance.now();
    const samples = await scrape();
    if (!samples) throw new Error('the operator ended while it had nothing to do');
    seen.push({ samples, residentBytes: (await resident(pid)).bytes, scrapeMs: performance.now() - before });
    if (performance.now() >= until) return seen;
  }
}

const middle = (values: number[]) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
const rounded = (value: number) => Number(value.toPrecision(4));

/** Starts the operator as its image does, and ends it. Figures in bytes and seconds. */
export async function runOperator(real: TestCluster, name: string, run: Run, say: (line: string) => void) {
  const { kubeconfig, started, limited, idleSeconds, filled } = run;
  const limitBytes = limited && started.memory ? quantity(started.memory) : undefined;
  const group = await memoryGroup(`retune-bench-${process.pid}`, limitBytes);
  const own = ['--kubeconfig', kubeconfig, '--port', String(port), '--page=127.0.0.1:19091', '--log-level=warn'];
  const args = started.args.filter((argument) => !argument.startsWith('--page') && !argument.startsWith('--log-level'));
  const env = { ...started.env, ...(limited ? {} : { NODE_OPTIONS: '' }) };
  try {
    const startedMs = performance.now();
    real.processes.start(name, ...inGroup(group, [process.execPath, 'dist/cli/main.js', ...args, ...own]), env);
    await sleep(500);
    await untilAllSeen(group, filled, (line) => say(`${name}: ${line}`));
    const firstReconcileSeconds = (performance.now() - startedMs) / 1000;
    const pid = (await group.pid()) ?? 0;
    const atStart = await resident(pid);
    say(
      `${name}: looked at everything after ${firstReconcileSeconds.toFixed(1)} s; at most ${(atStart.peakBytes / 2 ** 20).toFixed(0)} MiB`,
    );
    await sleep(settleMs);
    const fromMs = Date.now();
    const seen = await idle(pid, idleSeconds);
    const untilMs = Date.now();
    const [first, last] = [seen.at(0)?.samples, seen.at(-1)?.samples] as [Samples, Samples];
    const asked = await requests(real.folder, fromMs, untilMs);
    const heap = seen.map(({ samples }) => samples.sum('retune_nodejs_heap_size_used_bytes'));
    const figures = {
      ...{ limitBytes, firstReconcileSeconds: rounded(firstReconcileSeconds) },
      residentPeakBytes: (await resident(pid)).peakBytes,
      residentBytes: middle(seen.map(({ residentBytes }) => residentBytes)),
      heapUsedLeastBytes: Math.min(...heap),
      heapUsedMostBytes: Math.max(...heap),
      idleCpuSeconds: rounded(
        last.sum('retune_process_cpu_seconds_total') - first.sum('retune_process_cpu_seconds_total'),
      ),
      idleSeconds: rounded((untilMs - fromMs) / 1000),
      idleRequestsPerSecond: rounded(asked.reduce((sum, [, count]) => sum + count, 0) / ((untilMs - fromMs) / 1000)),
      idleRequests: Object.fromEntries(asked.slice(0, 8)),
      idleReconciles: Object.fromEntries(
        [...Object.keys(controllers), 'hardware'].map((controller) => {
          const of = (samples: Samples) => samples.sum('retune_reconcile_total', `controller="${controller}"`);
          return [controller, of(last) - of(first)];
        }),
      ),
      queueDepthMost: Math.max(...seen.map(({ samples }) => samples.sum('retune_queue_depth'))),
      ...{ metricsBytes: last.text.length, metricsSeries: last.series },
      metricsScrapeMs: rounded(middle(seen.map(({ scrapeMs: ms }) => ms))),
      ...{ searchesWithSeries: last.objects('search'), slasWithSeries: last.objects('sla') },
      frontPointsWithSeries: last.count('retune_search_front_quality'),
    };
    say(
      `${name}: ${(figures.residentBytes / 2 ** 20).toFixed(0)} MiB resident, at most ${(figures.residentPeakBytes / 2 ** 20).toFixed(0)}; ${figures.idleRequestsPerSecond} requests/s and ${figures.idleCpuSeconds} s of processor in ${figures.idleSeconds} s without work`,
    );
    return figures;
  } catch (error) {
    if ((await group.pid()) !== undefined) throw error;
    const log = await readFile(join(real.folder, `${name}.log`), 'utf8');
    const ended =
      (await group.killed()) > 0
        ? `the kernel ended it: it needed more than ${started.memory}`
        : (/FATAL ERROR: .*/.exec(log)?.[0] ?? `its log ends: ${log.slice(-1000)}`);
    say(`${name}: ${ended}`);
    return { limitBytes, ended };
  } finally {
    await real.processes.stop(name);
    await group.remove();
  }
}
