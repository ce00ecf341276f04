import { pathToFileURL } from 'node:url';
import { type Pair, pairedRatio } from '../../../src/core/statistics/paired.ts';
import { summarize } from '../../../src/core/statistics/quantile.ts';
import { directoryStore } from '../../../src/stores/directory/directory.ts';
import { startRunner } from '../../../src/worker/measure/child.ts';
import { interleave, type Plan } from '../../../src/worker/measure/interleave.ts';
import type { RunnerSetup } from '../../../src/worker/measure/messages.ts';

const moduleOf = (path: string) => new URL(path, import.meta.url).href;
const modules = {
  engine: moduleOf('../../../src/engines/onnxruntime/onnxruntime.ts'),
  stores: moduleOf('../../../src/stores/open.ts'),
};

/** Measuring has its own inputs, the same for every model, and its own store. */
export interface Timer {
  folder: string;
  heldout: string;
  batchSize: number;
}

export interface Timed {
  p50Ms: number;
  p99Ms: number;
  runs: number;
}

const times = (runsMs: number[]): Timed => {
  const { p50Ms, p99Ms, samples } = summarize(runsMs);
  return { p50Ms, p99Ms, runs: samples };
};

/** Enough of both sides for a p99. */
export const thorough: Omit<Plan, 'seed'> = { minSamples: 1200, controlSamples: 1200, maxMs: 60_000 };

const tries = 3;
const glanceRuns = 50;

/** How a model is run, once it is in the store. */
async function setupOf({ folder, heldout, batchSize }: Timer, model: Uint8Array): Promise<RunnerSetup> {
  return {
    ...{ modules, store: pathToFileURL(folder).href, digest: await directoryStore(folder).put(model) },
    ...{ inputs: { uri: pathToFileURL(heldout).href }, batchSize },
    options: { threads: 1, graphOptimization: 'All' },
  };
}

/** The shortest of some runs, in milliseconds: it tells which models are worth a thorough look, on a busy machine too. */
export async function glance(timer: Timer, model: Uint8Array): Promise<number> {
  const runner = await startRunner(await setupOf(timer, model));
  try {
    await runner.run(3);
    return Math.min(...(await runner.run(glanceRuns)).runsMs);
  } finally {
    await runner.stop();
  }
}

/**
 * Two models in turns, by Retune's own measuring: what either took, and the ratio of their medians. A machine on which
 * not one block was left alone is tried again, and then an error.
 */
export async function inTurns(timer: Timer, model: Uint8Array, reference: Uint8Array, plan: Omit<Plan, 'seed'>) {
  const [first, second] = [await setupOf(timer, model), await setupOf(timer, reference)];
  for (let seed = 1; seed <= tries; seed++) {
    const { candidateMs, baselineMs, pairs } = await interleave(first, second, { ...plan, seed });
    if (pairs.length === 0) continue;
    return { model: times(candidateMs), reference: times(baselineMs), ratio: ratioOf(pairs) };
  }
  throw new Error('not one block had a processor to itself: something else runs on this machine');
}

const ratioOf = (pairs: Pair[]) => (pairs.length > 1 ? pairedRatio(pairs).value : Number.NaN);
