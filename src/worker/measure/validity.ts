import type { MeasureResult } from '../../api/task.ts';
import type { Interleaved, Plan } from './interleave.ts';

type Invalidity = NonNullable<MeasureResult['invalid']>;
export interface Circumstances {
  measured: Interleaved;
  plan: Plan;
}

type Check = (circumstances: Circumstances) => Invalidity | undefined;
const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
const mostThrottled = 0.02;

const throttled: Check = ({ measured: { throttledMs, measuredMs } }) =>
  throttledMs > mostThrottled * measuredMs
    ? {
        reason: 'Throttled',
        message: `the pod stood at its CPU limit for ${percent(throttledMs / measuredMs)} of the time: give the search fewer threads or more CPU`,
      }
    : undefined;

const heldDown: Check = ({
  measured: {
    heldDown: { ms, because },
    measuredMs,
  },
}) =>
  ms > mostThrottled * measuredMs
    ? {
        reason: 'Throttled',
        message: `the GPU's clocks were held down for ${percent(ms / measuredMs)} of the time, by ${because}: see nvidia-smi -q -d PERFORMANCE on the node`,
      }
    : undefined;

const crowded: Check = ({ measured: { pairs, contaminated } }) =>
  contaminated > pairs.length
    ? {
        reason: 'NoisyNeighbour',
        message: `${contaminated} of ${contaminated + pairs.length} blocks had to share their processor with something else`,
      }
    : undefined;

const short: Check = ({ measured: { candidateMs, measuredMs, stoppedEarly }, plan: { minSamples } }) =>
  !stoppedEarly && candidateMs.length < minSamples
    ? {
        reason: 'TooFewSamples',
        message: `${candidateMs.length} clean runs of ${minSamples} in ${(measuredMs / 1000).toFixed(1)} s: raise spec.measurement.maxTime`,
      }
    : undefined;

const checks: Check[] = [
  throttled, // explains those after it
  heldDown,
  crowded, // explains too few
  short,
];

/** Why a measurement does not count: the first check that says so. */
export function invalidity(circumstances: Circumstances): Invalidity | undefined {
  for (const check of checks) {
    const found = check(circumstances);
    if (found) return found;
  }
  return undefined;
}
