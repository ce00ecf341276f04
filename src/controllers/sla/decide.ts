import type { LatencySLAStatus } from '../../api/latency-sla.ts';
import { durationMs } from '../../api/units.ts';
import { traits } from '../../core/quality/metric.ts';
import type { Finalist } from '../../core/sla/choice.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import type { TargetAction } from './answers.ts';
import { better, rememberLoad } from './better.ts';
import { type Context, condition, record } from './context.ts';
import { acceleratorOf, activeFinalist, finalists } from './finalists.ts';
import type { SlaSnapshot } from './gather.ts';
import { type Servable, servable } from './mix.ts';
import { takeOrder } from './orders.ts';
import { decideRetune } from './retune.ts';
import { continueRollout, type RolloutStart, startRollout } from './rollout.ts';
import { tooFewRequests } from './traffic.ts';
import { judgeProduction, writeVerdict } from './verdict.ts';

export interface SlaDecision {
  status: LatencySLAStatus;
  actions: TargetAction[];
  /** The recommended model in mode Recommend; the target writes its patch into status. */
  recommend?: Finalist;
  events: ClusterEvent[];
  requeueAfterMs: number;
}

/** What is chosen and what a person ordered alike go through a canary, where the workload can be written at all. */
function rollOut(context: Context, target: TargetSnapshot, what: RolloutStart, message: string): void {
  // Read well, and not to be written: another controller would undo it, or nothing could roll it back.
  if (target.unfit) {
    condition(context, 'Ready', false, target.unfit.reason, target.unfit.message);
    return;
  }
  startRollout(context, target, what);
  condition(context, 'Ready', true, 'RollingOut', message);
}

function decideAction(context: Context, target: TargetSnapshot, choosable: Servable): Finalist | undefined {
  const active = activeFinalist(choosable.finalists, context.snapshot, target.tracks.stable.modelUri);
  const choice = better(context, active, choosable);
  if (choice.kind === 'Keep') {
    condition(context, 'Ready', true, choice.reason, choice.message);
    return undefined;
  }
  const { picked } = choice;
  if (context.snapshot.sla.spec.mode === 'Recommend') {
    const known = context.status.recommendation?.variant === picked.variant;
    const { configMap } = context.snapshot.sla.spec.recommend;
    const file = configMap ? `, or the file in ConfigMap ${configMap}` : '';
    const message = `run status.recommendation.command to serve ${picked.variant}, or commit its patch${file}`;
    if (!known) {
      record(context, 'Recommended', choice.cause ?? 'LoadFell', picked.variant);
      context.events.push({ type: 'Normal', reason: 'Recommended', message });
    }
    condition(context, 'Ready', true, 'Recommended', message);
    return picked;
  }
  const few = target.unfit ? undefined : tooFewRequests(context, target);
  if (few) condition(context, 'Ready', false, 'TooFewRequests', `${picked.variant} fits better: ${few}`);
  else rollOut(context, target, choice, `rolling out ${picked.variant}`);
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
  let actions: TargetAction[] = [];
  let recommend: Finalist | undefined;
  if (target && !sla.spec.suspend) {
    const accelerator = acceleratorOf(snapshot, target);
    const all = finalists(snapshot, accelerator);
    const active = activeFinalist(all, snapshot, target.tracks.stable.modelUri);
    status.accelerator = accelerator;
    status.activeUri = target.tracks.stable.modelUri;
    status.activeVariant = active?.variant;
    // What was recommended and is served is no recommendation any more.
    if (status.recommendation?.modelUri === status.activeUri) status.recommendation = undefined;
    writeVerdict(context, judgeProduction(context), target, active);
    rememberLoad(context);
    // A rollout under way is finished even where its search is gone: half a rollout helps nobody.
    const ordered = blocked ? undefined : takeOrder(context, all);
    if (status.rollout) {
      actions = continueRollout(context, target, ordered?.kind === 'Abort' ? 'a person asked to go back' : undefined);
    } else if (ordered?.kind === 'Serve') {
      const { picked } = ordered;
      rollOut(context, target, { picked, why: 'Ordered' }, `rolling out ${picked.variant}, as was ordered`);
    } else if (!blocked) recommend = decideAction(context, target, servable(context, target, all));
    if (!blocked && !status.rollout) decideRetune(context, target);
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
