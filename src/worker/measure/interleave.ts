import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type HeldDown, heldDown } from '../../core/hardware/nvidia-smi.ts';
import { type Pair, pairedRatio } from '../../core/statistics/paired.ts';
import { median } from '../../core/statistics/quantile.ts';
import { clocks } from '../gpu.ts';
import { type Runner, startRunner } from './child.ts';
import type { Block, RunnerSetup, Shapes } from './messages.ts';

export interface Plan {
  /** Runs of the candidate that a whole measurement has; those of the control may be fewer. */
  minSamples: number;
  controlSamples: number;
  maxMs: number;
  /** End as soon as the candidate is certain to be slower. */
  stopWhenSlower?: boolean;
  seed: number;
}

/** Everything measured, contaminated pairs apart. */
export interface Interleaved {
  candidateMs: number[];
  baselineMs: number[];
  pairs: Pair[];
  /** Pairs in which either side had to do without its processor for a while. */
  contaminated: number;
  /** For how long of all blocks the pod stood at its CPU limit; loading, which may use many threads, is not counted. */
  throttledMs: number;
  /** For how long of all blocks a GPU's clocks were held down, and what by when it was last seen. */
  heldDown: HeldDown;
  stoppedEarly: boolean;
  peakMemoryBytes: number;
  measuredMs: number;
  engine: string;
  /** What the candidate was fed. */
  shapes: Shapes;
}

/** Models are loaded anew so often: where weights come to lie in memory is chance that should average out. */
const loads = 3;
const blockMs = 400;
const fewestBlocks = 60;
/** A pair counts as contaminated when one side was kept waiting for more than this share of its time. */
const mostWaiting = 0.04;

/**
 * No block is shorter than a period of the kernel's CPU limit: a moment without a processor that is nothing in the long
 * run would contaminate a short one. None is so long that the machine has changed meanwhile.
 */
const [shortestMs, longestMs] = [100, 250];
const runsPerBlock = (wanted: number, runMs: number) =>
  Math.max(2, Math.min(Math.max(Math.ceil(wanted), Math.floor(shortestMs / runMs)), Math.floor(longestMs / runMs)));
/** A fast model has its samples after a few blocks; its ratio needs more pairs than that. */
const fewestPairs = 24;

/** Racing: looked at after every pair, so the margin is wide and the interval that of 99%. */
const certainlySlower = (pairs: Pair[]) => pairs.length >= 12 && pairedRatio(pairs).low > 1.1;

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
/** Some kernels count the time at the limit as waiting, too, and some don't. */
const waited = ({ runsMs, waitedMs, throttledMs }: Block) => Math.max(waitedMs, throttledMs) / sum(runsMs);

async function both(candidate: RunnerSetup, baseline: RunnerSetup): Promise<[Runner, Runner]> {
  const [a, b] = await Promise.allSettled([startRunner(candidate), startRunner(baseline)]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  await Promise.all([a, b].map((side) => side.status === 'fulfilled' && side.value.stop()));
  throw a.status === 'rejected' ? a.reason : (b as PromiseRejectedResult).reason;
}

/** Asked between blocks, never in one: of a GPU, what happened to its clocks since the last time. */
async function clockWatch(setup: RunnerSetup, into: HeldDown): Promise<(elapsedMs: number) => Promise<void>> {
  if (setup.modules.provider !== 'CUDA') return async () => undefined;
  let before = await clocks();
  return async (elapsedMs) => {
    const after = await clocks();
    const held = before && after && heldDown(before, after, elapsedMs);
    before = after;
    if (held) Object.assign(into, { ms: into.ms + held.ms, because: held.because });
  };
}

/**
 * Runs both models in turns, in blocks of less than half a second, which goes first decided by a coin: whatever else
 * happens on the machine happens to both. Pairs in which a process had to wait for a processor are kept out and made up
 * for. Ends with enough samples or when the time is up, and is never silent about which.
 */
export async function interleave(candidate: RunnerSetup, baseline: RunnerSetup, plan: Plan): Promise<Interleaved> {
  const random = xoroshiro128plus(plan.seed);
  const result: Interleaved = {
    ...{
      candidateMs: [],
      baselineMs: [],
      pairs: [],
      contaminated: 0,
      throttledMs: 0,
      heldDown: { ms: 0, because: '' },
      stoppedEarly: false,
      peakMemoryBytes: 0,
      measuredMs: 0,
      engine: '',
      shapes: {},
    },
  };
  const done = (share: number) =>
    result.stoppedEarly ||
    result.measuredMs >= plan.maxMs * share ||
    (result.pairs.length >= fewestPairs * share &&
      result.candidateMs.length >= plan.minSamples * share &&
      result.baselineMs.length >= plan.controlSamples * share);

  for (let load = 1; load <= loads && !done(1); load++) {
    const [a, b] = await both(candidate, baseline);
    Object.assign(result, { engine: a.engine, shapes: a.shapes });
    try {
      // Warm-up: kernels are picked and memory is allocated in the first runs; their times say how long a block is.
      const [warmA, warmB] = [median((await a.run(5)).runsMs), median((await b.run(3)).runsMs)];
      const blocks = Math.max(fewestBlocks, Math.min(240, (plan.minSamples * warmA) / blockMs));
      const countA = runsPerBlock(plan.minSamples / blocks, warmA);
      const countB = runsPerBlock(plan.controlSamples / blocks, warmB);
      const watch = await clockWatch(candidate, result.heldDown);
      while (!done(load / loads)) {
        const candidateFirst = uniformInt(random, 0, 1) === 1;
        const started = performance.now();
        const first = await (candidateFirst ? a.run(countA) : b.run(countB));
        const second = await (candidateFirst ? b.run(countB) : a.run(countA));
        const elapsedMs = performance.now() - started;
        result.measuredMs += elapsedMs;
        await watch(elapsedMs);
        result.throttledMs += first.throttledMs + second.throttledMs;
        const [blockA, blockB] = candidateFirst ? [first, second] : [second, first];
        if (waited(blockA) > mostWaiting || waited(blockB) > mostWaiting) {
          result.contaminated += 1;
          continue;
        }
        result.candidateMs.push(...blockA.runsMs);
        result.baselineMs.push(...blockB.runsMs);
        result.pairs.push({ candidateMs: median(blockA.runsMs), baselineMs: median(blockB.runsMs) });
        result.stoppedEarly = plan.stopWhenSlower === true && certainlySlower(result.pairs);
      }
      result.peakMemoryBytes = Math.max(result.peakMemoryBytes, a.peakMemoryBytes());
    } finally {
      await Promise.all([a.stop(), b.stop()]);
    }
  }
  return result;
}
