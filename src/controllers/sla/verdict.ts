import { durationMs } from '../../api/units.ts';
import { diagnose } from '../../core/sla/cause.ts';
import { capacity, expectedTailMs, type Finalist } from '../../core/sla/choice.ts';
import { type Judgement, judge } from '../../core/sla/verdict.ts';
import { total } from '../../core/statistics/histogram.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { type Context, condition, quantiles, record } from './context.ts';
import type { SlaSnapshot } from './gather.ts';

/** What production did, or why nobody knows. */
export function judgeProduction(context: Context): Judgement {
  const { sla, production } = context.snapshot;
  const nothing = { samples: 0, ratePerSecond: 0 };
  if (production.kind !== 'Histogram') {
    const known = production.kind === 'NoData';
    condition(context, 'MetricsAvailable', known, known ? 'NoSeries' : 'Unreachable', production.message);
    return { verdict: 'NoData', message: production.message, measured: nothing };
  }
  condition(context, 'MetricsAvailable', true, 'Read', 'the latency of production was read');
  return judge(production.histogram, production.seconds, {
    quantile: quantiles[sla.spec.objective.percentile],
    thresholdMs: context.thresholdMs,
    minSamples: sla.spec.policy.minSamples,
  });
}

/** Whether the window still holds requests that another model answered, or will until a rollout is over. */
function settling({ status, snapshot, nowMs }: Context): boolean {
  const { rollout, lastRollout } = status;
  const windowMs = durationMs(snapshot.sla.spec.objective.window);
  return rollout !== undefined || (lastRollout !== undefined && nowMs - Date.parse(lastRollout) < windowMs);
}

/** Load that has just grown is what the end of the window says; a mean over all of it would call it something else. */
function currentRate({ production, recent }: SlaSnapshot): number {
  const rates = [production, recent].map((reading) =>
    reading?.kind === 'Histogram' && reading.seconds > 0 ? total(reading.histogram) / reading.seconds : 0,
  );
  return Math.max(...rates);
}

/** Writes what production did and why into status. */
export function writeVerdict(
  context: Context,
  judgement: Judgement,
  target: TargetSnapshot,
  active: Finalist | undefined,
): void {
  const { status, thresholdMs, at } = context;
  const before = context.snapshot.sla.status;
  const replicas = Math.max(1, target.pods.filter(({ ready }) => ready).length);
  const ratePerSecond = currentRate(context.snapshot) / replicas;
  context.ratePerSecond = ratePerSecond;
  const violated = judgement.verdict === 'Violated';
  const { cause, message } = violated
    ? diagnose({
        thresholdMs,
        previousThresholdMs: before?.threshold ? durationMs(before.threshold) : undefined,
        previousVerdict: before?.verdict,
        settling: settling(context),
        ratePerSecond,
        lastMetRatePerSecond: before?.lastMetRatePerSecond,
        expectedMs: active && expectedTailMs(active, ratePerSecond),
        unloadedMs: active?.p99Ms,
        capacityPerSecond: active && capacity(active),
        percentileMs: judgement.measured.percentileMs ?? 0,
      })
    : ({ cause: 'None', message: '' } as const);
  status.verdict = judgement.verdict;
  // A violation keeps the cause it was first seen with: the next window would only show its consequences.
  const known = before?.verdict === 'Violated' && before.cause !== 'Unknown' ? before.cause : undefined;
  // What a rollout under way was started for goes on while it settles.
  const answered = cause === 'Unknown' ? status.rollout?.cause : undefined;
  status.cause = violated ? (known ?? answered ?? cause) : cause;
  if (judgement.verdict === 'Met') status.lastMetRatePerSecond = judgement.measured.ratePerSecond / replicas;
  status.measured = { ...judgement.measured, replicas, at };
  status.threshold = context.snapshot.sla.spec.objective.threshold;
  const text = violated ? `${judgement.message}: ${message}` : judgement.message;
  condition(
    context,
    'Met',
    judgement.verdict === 'NoData' ? undefined : judgement.verdict === 'Met',
    judgement.verdict,
    text,
  );
  if (before?.verdict !== judgement.verdict) {
    record(context, 'Verdict', violated ? `${judgement.verdict}${status.cause}` : judgement.verdict, text);
    context.events.push({ type: violated ? 'Warning' : 'Normal', reason: judgement.verdict, message: text });
  }
}
