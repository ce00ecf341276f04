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
  /** Nothing was left alone on this machine: times include waiting. */
  busy?: boolean;
}

const times = (runsMs: number[], busy?: boolean): Timed => {
  const { p50Ms, p99Ms, samples } = summarize(runsMs);
  return { p50Ms, p99Ms, runs: samples, ...(busy && { busy }) };
};

/** Enough of both sides for a p99; whoever needs longer than this runs few times a second. */
export const thorough: Omit<Plan, 'seed'> = { minSamples: 1000, controlSamples: 1000, maxMs: 30_000 };

const [busyBlocks, busyRuns] = [50, 24];
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

/** As `inTurns` without setting anything aside: what a user of this busy machine would wait. */
async function besideOthers(first: RunnerSetup, second: RunnerSetup) {
  const [a, b] = [await startRunner(first), await startRunner(second)];
  try {
    const [aMs, bMs, pairs]: [number[], number[], Pair[]] = [[], [], []];
    const median = (runsMs: Float64Array) => summarize(runsMs).p50Ms;
    for (let block = 0; block < busyBlocks; block++) {
      const inOrder = block % 2 === 0;
      const early = await (inOrder ? a : b).run(busyRuns);
      const late = await (inOrder ? b : a).run(busyRuns);
      const [blockA, blockB] = inOrder ? [early, late] : [late, early];
      aMs.push(...blockA.runsMs);
      bMs.push(...blockB.runsMs);
      pairs.push({ candidateMs: median(blockA.runsMs), baselineMs: median(blockB.runsMs) });
    }
    return { model: times(aMs, true), reference: times(bMs, true), ratio: pairedRatio(pairs).value };
  } finally {
    await Promise.all([a.stop(), b.stop()]);
  }
}

/**
 * Two models in turns, by Retune's own measuring: what either took, and the ratio of their medians. Where others keep the
 * machine so busy that not one block was left alone, the times include waiting, and are marked `busy`.
 */
export async function inTurns(timer: Timer, model: Uint8Array, reference: Uint8Array, plan: Omit<Plan, 'seed'>) {
  const [first, second] = [await setupOf(timer, model), await setupOf(timer, reference)];
  const { candidateMs, baselineMs, pairs } = await interleave(first, second, { ...plan, seed: 1 });
  const fewest = Math.min(candidateMs.length, baselineMs.length);
  if (fewest < plan.minSamples) return besideOthers(first, second);
  return { model: times(candidateMs), reference: times(baselineMs), ratio: pairedRatio(pairs).value };
}
