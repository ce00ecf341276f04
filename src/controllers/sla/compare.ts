import type { Comparison } from '../../core/rollout/canary.ts';
import { judge, type Objective } from '../../core/sla/verdict.ts';
import { compareHistograms } from '../../core/statistics/two-sample.ts';
import type { Reading } from '../../sources/source.ts';
import type { SlaSnapshot } from './gather.ts';

/** Looks at the two samples that a rollout may take before its time is up; the error is spent over all of them. */
const looks = 60;
const alpha = 0.01;

const waiting = (evidence: string): Comparison => ({ verdict: 'CannotTell', evidence });

function missing(reading: Reading | undefined): string | undefined {
  if (!reading) return 'the comparison has not begun';
  return reading.kind === 'Histogram' ? undefined : reading.message;
}

/**
 * Passes a canary that meets the objective by itself or is better than the fresh baseline beside it; fails one that is
 * worse and does not meet it either. A slower but more accurate variant inside the SLA is what going back up means.
 */
export function compareTracks(
  { canary, baseline }: Pick<SlaSnapshot, 'canary' | 'baseline'>,
  objective: Objective,
): Comparison {
  const gap = missing(canary) ?? missing(baseline);
  if (gap || canary?.kind !== 'Histogram' || baseline?.kind !== 'Histogram') return waiting(gap ?? 'no data yet');
  const alone = judge(canary.histogram, canary.seconds, objective);
  if (alone.verdict === 'NoData') return waiting(`canary: ${alone.message}`);
  if (alone.verdict === 'Met') return { verdict: 'Pass', evidence: `canary: ${alone.message}` };
  const beside = judge(baseline.histogram, baseline.seconds, objective);
  if (beside.verdict === 'NoData') return waiting(`baseline: ${beside.message}`);
  const { verdict, evidence } = compareHistograms(canary.histogram, baseline.histogram, {
    percentile: objective.quantile,
    thresholdMs: objective.thresholdMs,
    looks,
    alpha,
  });
  if (verdict === 'Better') return { verdict: 'Pass', evidence };
  if (verdict === 'Worse') return { verdict: 'Fail', evidence };
  return waiting(evidence);
}
