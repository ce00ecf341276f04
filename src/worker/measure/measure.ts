import type { EngineOptions } from '../../api/candidate.ts';
import { GraphOptimization } from '../../api/candidate.ts';
import type { MeasureResult, MeasureTask } from '../../api/task.ts';
import type { Ratio } from '../../api/trial.ts';
import { decode, readMetadata } from '../../core/onnx/model.ts';
import { pairedRatio } from '../../core/statistics/paired.ts';
import { summarize } from '../../core/statistics/quantile.ts';
import { loadCurve } from '../../core/statistics/queue-simulation.ts';
import type { ArtifactStore } from '../../stores/store.ts';
import { hardwareFacts } from '../facts.ts';
import { WorkerError } from '../failure.ts';
import { sameOutputs } from '../judge/record.ts';
import { loadEngine, type Modules, openStore } from '../modules.ts';
import { readNpz } from '../npz.ts';
import { workOfRun } from '../work.ts';
import { startRunner } from './child.ts';
import { type Interleaved, interleave } from './interleave.ts';
import type { RunnerSetup } from './messages.ts';
import { withNearby } from './nearby.ts';
import { invalidity } from './validity.ts';

/** Too few pairs bound a ratio by nothing, and a termination message knows no infinity. */
const bounded = ({ value, low, high }: Ratio): Ratio => ({ value, low: Math.max(0, low), high: Math.min(1e9, high) });

export interface MeasureDeps {
  /** URI of the artifact store. */
  store: string;
  modules: Modules;
}

const controlSamples = 120;

async function engineOptions(store: ArtifactStore, digest: string, cpuLimit: number): Promise<EngineOptions> {
  const metadata = readMetadata(decode(await store.get(digest)));
  const level = GraphOptimization.safeParse(metadata['retune.graphOptimization']);
  return {
    threads: Math.min(cpuLimit, Number(metadata['retune.threads'] ?? cpuLimit)),
    graphOptimization: level.success ? level.data : 'All',
  };
}

/** Whether the candidate computes here what it computed where it was judged, and what tells a server of it from others. */
async function computedHere(
  store: ArtifactStore,
  setup: RunnerSetup,
  task: MeasureTask,
): Promise<Pick<MeasureResult, 'outputsAgree' | 'challenge'>> {
  const { outputs: recorded, output } = task;
  if (!recorded) return { outputsAgree: true };
  const { outputs } = readNpz(await store.get(recorded));
  if (!outputs) throw new WorkerError('StoreFailed', `the recorded outputs ${recorded} hold no array "outputs"`);
  const runner = await startRunner(setup);
  try {
    const here = await runner.outputs(outputs.shape[0] ?? 0, output);
    return {
      outputsAgree: sameOutputs(here, outputs, setup.modules.provider),
      challenge: await runner.challenge(),
    };
  } finally {
    await runner.stop();
  }
}

const hundredths = (values: number[]) => values.map((value) => Math.round(value * 1e4) / 1e4);

/** The full record for the artifact store: every sample, in milliseconds to a tenth of a microsecond. */
const recordOf = (task: MeasureTask, measured: Interleaved, facts: unknown) =>
  new TextEncoder().encode(
    JSON.stringify({
      task,
      facts,
      candidateMs: hundredths(measured.candidateMs),
      baselineMs: hundredths(measured.baselineMs),
      pairs: measured.pairs,
      contaminated: measured.contaminated,
    }),
  );

/**
 * Measures one variant against the baseline as its control: warm-up, coin-flipped interleaved blocks, several loads, the
 * latency distribution with the interval of its p99, the ratio with its interval, and whether any of it counts. Throws
 * WorkerError.
 */
export async function measure({ modules, store: uri }: MeasureDeps, task: MeasureTask): Promise<MeasureResult> {
  const store = await openStore(modules, uri);
  const models = [task.candidate.digest, task.baseline.digest];
  return withNearby({ modules, uri, store }, models, (near) => measureFrom(near, { modules, store }, task));
}

async function measureFrom(
  near: string,
  { modules, store }: { modules: Modules; store: ArtifactStore },
  task: MeasureTask,
): Promise<MeasureResult> {
  const setup = async (digest: string): Promise<RunnerSetup> => ({
    modules,
    store: near,
    digest,
    options: await engineOptions(store, digest, task.cpuLimit),
    inputs: task.inputs,
    batchSize: task.batchSize,
  });
  const [candidate, baseline] = [await setup(task.candidate.digest), await setup(task.baseline.digest)];
  const computed = await computedHere(store, { ...candidate, inputs: task.heldout }, task);
  const plan = {
    minSamples: task.minSamples,
    controlSamples,
    maxMs: task.maxMeasureMs,
    seed: 1,
    stopWhenSlower: task.stopWhenSlower,
  };
  const measured = await interleave(candidate, baseline, plan);
  if (measured.pairs.length === 0) {
    throw new WorkerError('Internal', 'not one block had a processor to itself: something else runs on it', {
      retryable: true,
    });
  }
  const { provider } = modules;
  const facts = await hardwareFacts(measured.engine, provider);
  const [engine, model] = [await loadEngine(modules), await store.get(task.candidate.digest)];
  const work = await workOfRun(engine, model, measured.shapes, facts.gpu ? {} : facts.cacheBytes);
  const latency = summarize(measured.candidateMs);
  return {
    kind: 'Measure',
    invalid: invalidity({ measured, plan }),
    stoppedEarly: measured.stoppedEarly,
    latency,
    baseline: summarize(measured.baselineMs),
    ratio: bounded(pairedRatio(measured.pairs)),
    loadCurve: loadCurve(measured.candidateMs),
    throughputPerSecond: 1000 / latency.meanMs,
    peakMemoryBytes: measured.peakMemoryBytes,
    work,
    ...computed,
    record: await store.put(recordOf(task, measured, facts)),
    measuredSeconds: measured.measuredMs / 1000,
    facts,
  };
}
