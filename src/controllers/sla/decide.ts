import type { HistoryEntry, LatencySLAStatus } from '../../api/latency-sla.ts';
import { durationMs, fraction } from '../../api/units.ts';
import { advance, type RolloutAction, type RolloutDecision } from '../../core/rollout/canary.ts';
import { diagnose } from '../../core/sla/cause.ts';
import { capacity, choose, demandedRate, expectedTailMs, type Finalist } from '../../core/sla/choice.ts';
import { type Judgement, judge } from '../../core/sla/verdict.ts';
import { total } from '../../core/statistics/histogram.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import { setCondition } from '../../runtime/conditions.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { compareTracks } from './compare.ts';
import { acceleratorOf, activeFinalist, finalists, qualityFloor } from './finalists.ts';
import type { SlaSnapshot } from './gather.ts';

export interface SlaDecision {
  status: LatencySLAStatus;
  actions: RolloutAction[];
  /** The recommended model in mode Recommend; the target writes its patch into status. */
  recommend?: Finalist;
  events: ClusterEvent[];
  requeueAfterMs: number;
}

const quantiles = { P50: 0.5, P90: 0.9, P99: 0.99 } as const;

/** One reconcile's worth of context that the steps below share. */
interface Context {
  snapshot: SlaSnapshot;
  /** Requests a second at one replica, now. */
  ratePerSecond: number;
  nowMs: number;
  at: string;
  thresholdMs: number;
  status: LatencySLAStatus;
  events: ClusterEvent[];
}

function record({ status, at }: Context, event: HistoryEntry['event'], reason: string, message: string): void {
  const entry = { at, event, reason, message: message.slice(0, 256) };
  status.history = [...(status.history ?? []), entry].slice(-20);
}

function condition(context: Context, type: string, value: boolean | undefined, reason: string, message: string): void {
  const status = value === undefined ? 'Unknown' : value ? 'True' : 'False';
  const { generation } = context.snapshot.sla.metadata;
  const next = { type, status, reason, message, observedGeneration: generation } as const;
  context.status.conditions = setCondition(context.status.conditions ?? [], next, context.nowMs);
}

/** What production did, or why nobody knows. */
function judgeProduction(context: Context): Judgement {
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

function writeVerdict(
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
  status.cause = violated && known ? known : cause;
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

function finishRollout(context: Context, { rollout, outcome }: RolloutDecision): void {
  const { status, at } = context;
  const promoted = outcome === 'Promoted';
  const message = `${rollout.variant}: ${rollout.message ?? ''}`;
  record(context, promoted ? 'Promoted' : 'RolledBack', rollout.reason ?? 'Unknown', message);
  context.events.push({ type: promoted ? 'Normal' : 'Warning', reason: promoted ? 'Promoted' : 'RolledBack', message });
  if (outcome === 'RolledBack') status.refused = [...(status.refused ?? []), rollout.digest].slice(-32);
  status.rollout = undefined;
  status.lastRollout = at;
}

function continueRollout(context: Context, target: TargetSnapshot | undefined): RolloutAction[] {
  const { snapshot, status, nowMs, thresholdMs } = context;
  const { objective, rollout } = snapshot.sla.spec;
  if (!status.rollout) return [];
  const decision = advance({
    rollout: status.rollout,
    stable: target?.tracks.stable,
    canary: target?.tracks.canary,
    baseline: target?.tracks.baseline,
    comparison: compareTracks(snapshot, {
      quantile: quantiles[objective.percentile],
      thresholdMs,
      minSamples: rollout.minSamples,
    }),
    timeoutMs: durationMs(rollout.timeout),
    nowMs,
  });
  status.rollout = decision.rollout;
  if (decision.outcome) finishRollout(context, decision);
  return decision.actions;
}

/** The variant that should serve instead of the active one, or why there is none. */
function better(context: Context, active: Finalist | undefined, all: Finalist[]): Finalist | string {
  const { sla, search } = context.snapshot;
  const { verdict, refused = [], lastRollout } = context.status;
  if (verdict !== 'Violated' && verdict !== 'Met') return 'Holding';
  if (lastRollout && context.nowMs - Date.parse(lastRollout) < durationMs(sla.spec.policy.cooldown)) return 'Cooldown';
  const headroom = fraction(sla.spec.policy.headroom);
  const picked = choose(all, {
    ratePerSecond: demandedRate(context.ratePerSecond, active ? capacity(active) : 0),
    thresholdMs: context.thresholdMs,
    // Going back up to a slower variant wants twice the room, so that the two don't swap for ever.
    headroom: verdict === 'Violated' ? headroom : Math.min(0.9, 2 * headroom),
    qualityFloor: qualityFloor(context.snapshot),
    refused: new Set(refused),
  });
  if (verdict === 'Met') return picked && active && picked.quality > active.quality ? picked : 'Met';
  const searching = search?.status?.conditions?.find(({ type }) => type === 'Succeeded')?.status !== 'True';
  // The best of a search that still runs is not its best yet.
  if (searching) return 'WaitingForSearch';
  if (!picked) return 'NoVariantFits';
  return picked.variant === active?.variant ? 'NoVariantFits' : picked;
}

const explanations: Record<string, string> = {
  Holding: 'nothing is changed on data that proves nothing',
  Cooldown: 'resting after the last rollout',
  Met: 'the SLA is met',
  WaitingForSearch: 'the search this SLA names has not finished yet',
  NoVariantFits:
    'no measured variant meets the threshold at this load and quality: add replicas, or relax the threshold',
};

function startRollout(context: Context, target: TargetSnapshot, picked: Finalist): void {
  const { status, at } = context;
  status.rollout = {
    variant: picked.variant,
    modelUri: picked.modelUri,
    digest: picked.digest,
    previousUri: target.tracks.stable.modelUri,
    step: 'Starting',
    started: at,
    stepSince: at,
  };
  const message = `${picked.variant} instead of ${status.activeVariant ?? target.tracks.stable.modelUri}`;
  record(context, 'RolloutStarted', status.cause ?? 'Unknown', message);
  context.events.push({ type: 'Normal', reason: 'RolloutStarted', message });
}

function decideAction(
  context: Context,
  target: TargetSnapshot,
  active: Finalist | undefined,
  all: Finalist[],
): Finalist | undefined {
  const picked = better(context, active, all);
  if (typeof picked === 'string') {
    condition(context, 'Ready', true, picked, explanations[picked] ?? picked);
    return undefined;
  }
  if (context.snapshot.sla.spec.mode === 'Recommend') {
    const known = context.status.recommendation?.variant === picked.variant;
    if (!known) record(context, 'Recommended', context.status.cause ?? 'Unknown', picked.variant);
    condition(context, 'Ready', true, 'Recommended', `apply status.recommendation.patch to serve ${picked.variant}`);
    return picked;
  }
  startRollout(context, target, picked);
  condition(context, 'Ready', true, 'RollingOut', `rolling out ${picked.variant}`);
  return undefined;
}

/** What stands in the way of judging at all, a sentence that says what to do; undefined when nothing does. */
function obstacle({ sla, workload, search }: SlaSnapshot): [reason: string, message: string] | undefined {
  const { workloadRef, searchRef, suspend } = sla.spec;
  if (suspend) return ['Suspended', 'spec.suspend is true: nothing is judged and nothing is changed'];
  if (workload.kind === 'Refused') return [workload.reason, workload.message];
  if (workload.kind === 'Missing') {
    return [
      'WorkloadNotFound',
      `there is no ${workloadRef.kind} "${workloadRef.name}" in namespace ${sla.metadata.namespace}: create it or correct spec.workloadRef.name`,
    ];
  }
  if (!search)
    return [
      'SearchNotFound',
      `there is no NASSearch "${searchRef.name}" in namespace ${sla.metadata.namespace}: create it or correct spec.searchRef.name`,
    ];
  return undefined;
}

/** Pure and total: the whole status and what to do, from one snapshot. */
export function decide(snapshot: SlaSnapshot, nowMs: number): SlaDecision {
  const { sla, workload } = snapshot;
  const { objective, policy } = sla.spec;
  const context: Context = {
    snapshot,
    ratePerSecond: 0,
    nowMs,
    at: new Date(nowMs).toISOString(),
    thresholdMs: durationMs(objective.threshold),
    status: { ...sla.status, observedGeneration: sla.metadata.generation },
    events: [],
  };
  const { status, events } = context;
  const target = workload.kind === 'Found' ? workload.target : undefined;
  const blocked = obstacle(snapshot);
  let actions: RolloutAction[] = [];
  let recommend: Finalist | undefined;
  if (target && !sla.spec.suspend) {
    const all = finalists(snapshot, acceleratorOf(snapshot, target));
    const active = activeFinalist(all, snapshot, target.tracks.stable.modelUri);
    status.accelerator = acceleratorOf(snapshot, target);
    status.activeUri = target.tracks.stable.modelUri;
    status.activeVariant = active?.variant;
    writeVerdict(context, judgeProduction(context), target, active);
    // A rollout under way is finished even where its search is gone: half a rollout helps nobody.
    if (status.rollout) actions = continueRollout(context, target);
    else if (!blocked) recommend = decideAction(context, target, active, all);
  } else if (status.rollout && !sla.spec.suspend) {
    continueRollout(context, undefined);
  }
  if (blocked) {
    const [reason, message] = blocked;
    if (!target) status.verdict = 'NoData';
    condition(context, 'Ready', false, reason, message);
  }
  // While a canary runs, every second counts; a step's own changes wake the controller by themselves.
  const requeueAfterMs = status.rollout ? Math.min(1000, durationMs(policy.interval)) : durationMs(policy.interval);
  return { status, actions, recommend, events, requeueAfterMs };
}
