import type { Provider } from '../../api/task.ts';

/** How far outputs may be from the recorded ones: rounding differs between instruction sets, saturation is more. */
const [absoluteTolerance, relativeTolerance] = [1e-3, 1e-3];
/**
 * GPUs compute products in TF32 and FP16 models in halves, with 11 bits either way: as a share of the largest output and
 * of each. What was recorded was computed on a processor.
 */
const gpuTolerance = 2e-2;

export interface Distance {
  /** How many of the numbers differ by more than rounding does. */
  differing: number;
  /** The largest difference; NaN where one of the two is no number. */
  largest: number;
}

/** Compares two lists of outputs, number by number; the second is the recorded one. Both must be of one length. */
export function distance(here: ArrayLike<number>, recorded: ArrayLike<number>, provider: Provider = 'CPU'): Distance {
  const onGpu = provider === 'CUDA';
  let most = 0;
  for (let i = 0; onGpu && i < recorded.length; i++) most = Math.max(most, Math.abs(recorded[i] ?? 0));
  const absolute = onGpu ? gpuTolerance * most : absoluteTolerance;
  const relative = onGpu ? gpuTolerance : relativeTolerance;
  let [differing, largest] = [0, 0];
  for (let i = 0; i < recorded.length; i++) {
    const there = recorded[i] ?? Number.NaN;
    const apart = Math.abs((here[i] ?? Number.NaN) - there);
    // The negation catches what is not a number as well.
    if (!(apart <= absolute + relative * Math.abs(there))) differing++;
    if (!(apart <= largest)) largest = apart;
  }
  return { differing, largest };
}
