import type { Comparison } from '../../core/rollout/canary.ts';
import { type CanaryObjective, compareSides } from '../../core/rollout/compare.ts';
import { proveAlone } from '../../core/rollout/proof.ts';
import { total } from '../../core/statistics/histogram.ts';
import type { Reading } from '../../sources/source.ts';
import type { SlaSnapshot } from './gather.ts';

function missing(reading: Reading | undefined): string | undefined {
  if (!reading) return 'the comparison has not begun';
  return reading.kind === 'Histogram' ? undefined : reading.message;
}

/** What production says of the canary beside its baseline; nothing where it can't be read. */
export function compareTracks(
  { canary, baseline }: Pick<SlaSnapshot, 'canary' | 'baseline'>,
  objective: CanaryObjective,
): Comparison {
  const gap = missing(canary) ?? missing(baseline);
  if (gap || canary?.kind !== 'Histogram' || baseline?.kind !== 'Histogram') {
    const blind = [canary, baseline].some((reading) => reading?.kind === 'Unreachable');
    return { verdict: 'CannotTell', evidence: gap ?? 'no data yet', blind };
  }
  return compareSides(canary, baseline, objective);
}

/** What production says of a promoted variant that serves by itself; undefined where it can't be read. */
export function proofOf(
  alone: Reading,
  objective: CanaryObjective,
  load: { replicas: number; presentPerSecond: number; carriesPerSecond?: number },
): Comparison | undefined {
  if (alone.kind !== 'Histogram' || alone.seconds <= 0) return undefined;
  const { replicas, presentPerSecond, carriesPerSecond } = load;
  // A load that has just outgrown it shows at the end of a long mean first.
  const ratePerSecond = Math.max(presentPerSecond, total(alone.histogram) / alone.seconds / replicas);
  return proveAlone(alone, objective, { ratePerSecond, carriesPerSecond });
}
