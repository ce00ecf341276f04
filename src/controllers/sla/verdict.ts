import type { LastMet } from '../../api/latency-sla.ts';
import { durationMs } from '../../api/units.ts';
import { diagnose } from '../../core/sla/cause.ts';
import { capacity, expectedTailMs, type Finalist } from '../../core/sla/choice.ts';
import { type Judgement, judge } from '../../core/sla/verdict.ts';
import { total } from '../../core/statistics/histogram.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { type Context, condition, quantiles, record } from './context.ts';
import { countFresh, writeCounts } from './counts.ts';
import { podsByAccelerator } from './finalists.ts';
import type { SlaSnapshot } from './gather.ts';

/** What production did, or why nobody knows. */
export function judgeProduction(context: Context): Judgement {
  const { sla, production } = context.snapshot;
  const nothing = { samples: 0, ratePerSecond: 0 };
  if (production.kind !== 'Histogram') {
    const known = production.kind === 'NoData';
    condition(context, 'MetricsAvailable', known, noHistogram[production.kind], production.message);
    return { verdict: 'NoData', message: production.message, measured: nothing };
  }
  const judgement = judge(production.histogram, production.seconds, {
    quantile: quantiles[sla.spec.objective.percentile],
    thresholdMs: context.thresholdMs,
    minSamples: sla.spec.policy.minSamples,
  });
  const { reason } = judgement;
  const useless = reason === 'BucketsTooWide';
  const message = reason ? judgement.message : 'the latency of production was read';
  condition(context, 'MetricsAvailable', !useless, reason ?? 'Read', message);
  return judgement;
}

const noHistogram = { NoData: 'NoSeries', Unreachable: 'Unreachable', Refused: 'QueryRefused' } as const;

/** A window inside the SLA is no good news where production has become slower than it was. */
function withDrift(judgement: Judgement, evidence: string | undefined): Judgement {
  if (!evidence || judgement.verdict === 'NoData') return judgement;
  const verdict = judgement.verdict === 'Violated' ? 'Violated' : 'Drifting';
  return { ...judgement, verdict, message: `${judgement.message}; ${evidence}` };
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

const signalsOf = ({ production }: SlaSnapshot) => (production.kind === 'Histogram' ? production.signals : undefined);

/** What is served, where, and what is asked of it. */
function presentOf({ snapshot, status }: Context, target: TargetSnapshot, ratePerSecond: number): LastMet {
  const profile = snapshot.profiles.find(({ metadata }) => metadata.name === status.accelerator);
  return {
    ratePerSecond,
    elementsPerRequest: signalsOf(snapshot)?.elementsPerRequest,
    modelUri: target.tracks.stable.modelUri,
    accelerator: status.accelerator,
    accelerators: [...podsByAccelerator(snapshot.profiles, target).keys()].slice(0, 16),
    generation: profile?.status?.generation,
  };
}

/** Writes what production did and why into status. */
export function writeVerdict(
  context: Context,
  judged: Judgement,
  target: TargetSnapshot,
  active: Finalist | undefined,
): void {
  const { status, thresholdMs, at } = context;
  const before = context.snapshot.sla.status;
  const replicas = Math.max(1, target.pods.filter(({ ready }) => ready).length);
  const ratePerSecond = currentRate(context.snapshot) / replicas;
  context.ratePerSecond = ratePerSecond;
  countFresh(context, active, replicas, settling(context));
  const judgement = withDrift(judged, writeCounts(context, active));
  const violated = judgement.verdict === 'Violated';
  const now = presentOf(context, target, ratePerSecond);
  const { cause, message } = violated
    ? diagnose({
        ...now,
        thresholdMs,
        previousThresholdMs: before?.threshold ? durationMs(before.threshold) : undefined,
        previousVerdict: before?.verdict,
        settling: settling(context),
        isKnownModel: active !== undefined,
        lastMet: before?.lastMet,
        expectedMs: active && expectedTailMs(active, ratePerSecond),
        unloadedMs: active?.p99Ms,
        capacityPerSecond: active && capacity(active),
        percentileMs: judgement.measured.percentileMs ?? 0,
        signals: signalsOf(context.snapshot),
      })
    : ({ cause: 'None', message: '' } as const);
  status.verdict = judgement.verdict;
  // A violation keeps the cause it was first seen with: the next window would only show its consequences.
  const first = before?.verdict === 'Violated' && before.cause !== 'Unknown' ? before.cause : undefined;
  // Who stands at a limit waits as among neighbours; that it is the limit shows when enough of the window is of it.
  const known = first === 'NoisyNeighbour' && cause === 'Throttling' ? cause : first;
  // What a rollout under way was started for goes on while it settles.
  const answered = cause === 'Unknown' ? status.rollout?.cause : undefined;
  status.cause = violated ? (known ?? answered ?? cause) : cause;
  if (judgement.verdict === 'Met')
    status.lastMet = { ...now, ratePerSecond: judgement.measured.ratePerSecond / replicas };
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
