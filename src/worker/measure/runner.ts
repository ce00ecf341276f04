/** A process that holds one loaded model and runs it when told: one is started for each side of a comparison. */
import { readFileSync } from 'node:fs';
import type { Session, Tensor } from '../../engines/engine.ts';
import { throttledUs } from '../../runtime/cgroup.ts';
import { dataset, repeatedBatch } from '../dataset.ts';
import { failureOf } from '../failure.ts';
import { readRef } from '../files.ts';
import { judgedOutput } from '../judge/output.ts';
import { outputsOfFirst } from '../judge/record.ts';
import { loadEngine, openStore } from '../modules.ts';
import { challengeOf } from './challenge.ts';
import type { RunnerReply, RunnerRequest, RunnerSetup } from './messages.ts';

const reply = (message: RunnerReply) => void process.send?.(message);

/** For how long the thread that runs the model was ready to run and had no processor, in milliseconds (schedstat). */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

function peakMemoryBytes(): number {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** V8 collects by itself once the outputs of some runs add up to 64 MB; half of that leaves it no occasion. */
const mostGarbageBytes = 32e6;

const bytesOf = (outputs: Record<string, Tensor>) =>
  Object.values(outputs).reduce((sum, { data }) => sum + data.byteLength, 0);

/** Collects garbage now, so that no timed run has to, and warms the caches that it and the other model have had. */
async function settle(session: Session, feeds: Record<string, Tensor>): Promise<void> {
  globalThis.gc?.();
  await session.run(feeds);
}

async function run(session: Session, feeds: Record<string, Tensor>, count: number): Promise<void> {
  await settle(session, feeds);
  const before = [waitedMs(), throttledUs() ?? 0] as const;
  const runsMs = new Float64Array(count);
  let garbageBytes = 0;
  for (let i = 0; i < count; i++) {
    if (garbageBytes > mostGarbageBytes) {
      await settle(session, feeds);
      garbageBytes = 0;
    }
    const started = performance.now();
    const outputs = await session.run(feeds);
    runsMs[i] = performance.now() - started;
    garbageBytes += bytesOf(outputs);
  }
  const lost = { waitedMs: waitedMs() - before[0], throttledMs: ((throttledUs() ?? 0) - before[1]) / 1000 };
  reply({ kind: 'Block', runsMs, ...lost, peakMemoryBytes: peakMemoryBytes() });
}

async function main({ modules, store, digest, options, inputs, batchSize }: RunnerSetup): Promise<void> {
  const engine = await loadEngine(modules);
  const session = await engine.load(await (await openStore(modules, store)).get(digest), options);
  const data = dataset(await readRef(inputs, 'DataMissing'), session.inputs);
  const feeds = repeatedBatch(data, batchSize);
  const answer = async (request: RunnerRequest): Promise<void> => {
    if (request.kind === 'Run') return run(session, feeds, request.count);
    if (request.kind === 'Challenge') {
      return reply({ kind: 'Challenge', challenge: await challengeOf(session, data, digest) });
    }
    const output = judgedOutput(session, request.output);
    reply({ kind: 'Outputs', ...(await outputsOfFirst(session, data, output, request.rows)) });
  };
  process.on('message', (request: RunnerRequest) => {
    answer(request).catch((error: unknown) => reply(failureOf(error)));
  });
  process.on('disconnect', () => process.exit());
  const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
  reply({ kind: 'Ready', engine: engine.version, shapes });
}

await main(JSON.parse(process.argv[2] ?? '{}') as RunnerSetup).catch((error: unknown) => reply(failureOf(error)));
