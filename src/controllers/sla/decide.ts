import type { LatencySLAStatus } from '../../api/latency-sla.ts';
import { durationMs, fraction } from '../../api/units.ts';
import { lossOf, traits } from '../../core/quality/metric.ts';
import type { RolloutAction } from '../../core/rollout/canary.ts';
import { capacity, choose, demandedRate, type Finalist } from '../../core/sla/choice.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { type Context, condition, record } from './context.ts';
import { acceleratorOf, activeFinalist, finalists, qualityLimit } from './finalists.ts';
import type { SlaSnapshot } from './gather.ts';
import { continueRollout, startRollout } from './rollout.ts';
import { judgeProduction, writeVerdict } from './verdict.ts';

export interface SlaDecision {
  status: LatencySLAStatus;
  actions: RolloutAction[];
  /** The recommended model in mode Recommend; the target writes its patch into status. */
  recommend?: Finalist;
  events: ClusterEvent[];
  requeueAfterMs: number;
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
    quality: qualityLimit(context.snapshot),
    refused: new Set(refused),
  });
  if (verdict === 'Met') return picked && active && lossOf(picked.quality) < lossOf(active.quality) ? picked : 'Met';
  const searching = search?.status?.conditions?.find(({ type }) => type === 'Succeeded')?.status !== 'True';
  // The best of a search that still runs is not its best yet.
  if (searching) return 'WaitingForSearch';
  if (!picked) return 'NoVariantFits';
  return picked.variant === active?.variant ? 'NoVariantFits' : picked;
}

const explanations: Record<string, string> = {
  Holding: 'nothing is changed while the verdict proves neither that the SLA is met nor that it is violated',
  Cooldown: 'resting after the last rollout',
  Met: 'the SLA is met',
  WaitingForSearch: 'the search this SLA names has not finished yet',
  NoVariantFits:
    'no measured variant meets the threshold at this load and quality: add replicas, or relax the threshold',
};

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
    const { configMap } = context.snapshot.sla.spec.recommend;
    const file = configMap ? `, or the file in ConfigMap ${configMap}` : '';
    const message = `run status.recommendation.command to serve ${picked.variant}, or commit its patch${file}`;
    if (!known) {
      record(context, 'Recommended', context.status.cause ?? 'Unknown', picked.variant);
      context.events.push({ type: 'Normal', reason: 'Recommended', message });
    }
    condition(context, 'Ready', true, 'Recommended', message);
    return picked;
  }
  // Read well, and not to be written: another controller would undo it, or nothing could roll it back.
  if (target.unfit) {
    condition(context, 'Ready', false, target.unfit.reason, target.unfit.message);
    return undefined;
  }
  startRollout(context, target, picked);
  condition(context, 'Ready', true, 'RollingOut', `rolling out ${picked.variant}`);
  return undefined;
}

/** What stands in the way of judging at all, a sentence that says what to do; undefined when nothing does. */
function obstacle({ sla, workload, rival, search }: SlaSnapshot): [reason: string, message: string] | undefined {
  const { workloadRef, searchRef, suspend } = sla.spec;
  if (suspend) return ['Suspended', 'spec.suspend is true: nothing is judged and nothing is changed'];
  if (workload.kind === 'Refused') return [workload.reason, workload.message];
  if (workload.kind === 'Missing') {
    return [
      'WorkloadNotFound',
      `there is no ${workloadRef.kind} "${workloadRef.name}" in namespace ${sla.metadata.namespace}: create it or correct spec.workloadRef.name`,
    ];
  }
  if (rival) {
    return [
      'WorkloadTaken',
      `LatencySLA "${rival}" is older and keeps the model of ${workloadRef.kind} "${workloadRef.name}", of which there is one: set spec.mode of one of the two to Recommend, or delete it`,
    ];
  }
  if (!search)
    return [
      'SearchNotFound',
      `there is no NASSearch "${searchRef.name}" in namespace ${sla.metadata.namespace}: create it or correct spec.searchRef.name`,
    ];
  const { metric } = search.spec.quality;
  if (sla.spec.quality?.floor && !traits[metric].bounded) {
    return [
      'FloorUnusable',
      `spec.quality.floor is a percentage and NASSearch "${searchRef.name}" judges by ${metric}, which is not: leave it out, and set spec.quality.maxDrop of the search`,
    ];
  }
  return undefined;
}

/** An SLA that goes judges nothing any more; it takes its rollout back first, where the workload can still be read. */
function decideEnd(context: Context, target: TargetSnapshot | undefined): SlaDecision {
  const { status, events, snapshot } = context;
  const actions = continueRollout(context, target);
  if (snapshot.workload.kind === 'Refused') status.rollout = undefined;
  return { status, actions, events, requeueAfterMs: 1000 };
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
  if (sla.metadata.deletionTimestamp) return decideEnd(context, target);
  const blocked = obstacle(snapshot);
  let actions: RolloutAction[] = [];
  let recommend: Finalist | undefined;
  if (target && !sla.spec.suspend) {
    const all = finalists(snapshot, acceleratorOf(snapshot, target));
    const active = activeFinalist(all, snapshot, target.tracks.stable.modelUri);
    status.accelerator = acceleratorOf(snapshot, target);
    status.activeUri = target.tracks.stable.modelUri;
    status.activeVariant = active?.variant;
    // What was recommended and is served is no recommendation any more.
    if (status.recommendation?.modelUri === status.activeUri) status.recommendation = undefined;
    writeVerdict(context, judgeProduction(context), target, active);
    // A rollout under way is finished even where its search is gone: half a rollout helps nobody.
    if (status.rollout) actions = continueRollout(context, target);
    else if (!blocked) recommend = decideAction(context, target, active, all);
  } else if (status.rollout && workload.kind === 'Missing' && !sla.spec.suspend) {
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
