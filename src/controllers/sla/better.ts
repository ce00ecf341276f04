import type { Cause } from '../../api/latency-sla.ts';
import { durationMs, fraction } from '../../api/units.ts';
import { capacity, demandedRate, type Finalist } from '../../core/sla/choice.ts';
import type { ReplicaAdvice } from '../../core/sla/headway.ts';
import { nearLoad, remember } from '../../core/sla/near-load.ts';
import { overtaken, type Situation, select } from '../../core/sla/selection.ts';
import { findCondition, isTrue } from '../../runtime/conditions.ts';
import type { Context } from './context.ts';
import { podsByAccelerator, qualityLimit } from './finalists.ts';
import type { Servable } from './mix.ts';

/** Another variant for the workload and what it answers, or why it keeps the present one. */
export type Choice =
  | { kind: 'Switch'; picked: Finalist; cause?: Cause }
  | { kind: 'Keep'; reason: string; message: string };

const keep = (reason: string, message: string): Choice => ({ kind: 'Keep', reason, message });
const holding = keep('Holding', 'nothing is changed on data that proves nothing');
const fits = 'the active variant was measured to meet the SLA at this load';
const measuredToFit = keep('MeasuredToFit', `${fits}: mend the cause, not the model`);
const findingCause = keep('FindingCause', `${fits}: what else it is shows soon`);

/**
 * Adds what arrives now to the load that status remembers; nothing where production can't be read, or where what was
 * read is too little to say: the first look at a source finds nothing, and would make growth of whatever comes next.
 */
export function rememberLoad({ status, snapshot, ratePerSecond, nowMs }: Context): void {
  if (snapshot.production.kind !== 'Histogram' || status.verdict === 'NoData') return;
  const totalPerSecond = Math.round(10 * ratePerSecond * (status.measured?.replicas ?? 1)) / 10;
  const before = status.load && { slotMs: Date.parse(status.load.slot), peaks: status.load.peaks };
  const { slotMs, peaks } = remember(before, nowMs, totalPerSecond);
  status.load = { slot: new Date(slotMs).toISOString(), peaks };
}

function situationOf(context: Context, active: Finalist | undefined): Situation {
  const { snapshot, status, thresholdMs, ratePerSecond } = context;
  const replicas = status.measured?.replicas ?? 1;
  const presentPerSecond = replicas * demandedRate(ratePerSecond, active ? capacity(active) : 0);
  const { window } = snapshot.sla.spec.objective;
  // A window to see it in and the rest after a rollout: until then nothing else can be done.
  const leadSeconds = (durationMs(window) + durationMs(snapshot.sla.spec.policy.cooldown)) / 1000;
  const { nearPerSecond } = nearLoad(status.load ?? { peaks: [] }, replicas * ratePerSecond, leadSeconds);
  return {
    replicas,
    presentPerSecond,
    nearPerSecond: Math.max(presentPerSecond, nearPerSecond),
    violated: status.verdict === 'Violated',
    thresholdMs,
    headroom: fraction(snapshot.sla.spec.policy.headroom),
    quality: qualityLimit(snapshot),
    refused: new Set(status.refused ?? []),
  };
}

function noneFits(advice: ReplicaAdvice | undefined, replicas: number): string {
  const none = 'no measured variant meets the threshold at this load and quality';
  if (!advice) return `${none}, not even on idle replicas: relax the threshold, or search with it`;
  if (advice.replicas <= replicas) return `${none}: add replicas, or relax the threshold`;
  return `${none}: ${advice.replicas} replicas of ${advice.variant} would, where there are ${replicas}`;
}

function resting({ snapshot, status, nowMs }: Context): boolean {
  const restMs = durationMs(snapshot.sla.spec.policy.cooldown);
  return status.lastRollout !== undefined && nowMs - Date.parse(status.lastRollout) < restMs;
}

/**
 * Whether the last rollout ended well. Then a load that has overtaken it is answered without rest: rates and measured
 * curves need no window to settle, and a step back up that came too early must not have to be borne.
 */
const promoted = ({ status }: Context) =>
  status.history?.findLast(({ event }) => event === 'Promoted' || event === 'RolledBack')?.event === 'Promoted';

/** What is acted upon before anything is violated: other machines, another threshold, else the load. */
function anticipated({ snapshot, status, thresholdMs }: Context): Cause {
  const { lastMet, threshold } = snapshot.sla.status ?? {};
  const present = snapshot.profiles.find(({ metadata }) => metadata.name === status.accelerator);
  const { workload, profiles } = snapshot;
  const { accelerators: before, generation } = lastMet ?? {};
  // A pod that starts on another type is acted upon before it serves.
  const now = workload.kind === 'Found' ? [...podsByAccelerator(profiles, workload.target).keys()] : [];
  const isOther = before !== undefined && now.some((one) => !before.includes(one));
  if (isOther || (generation !== undefined && generation !== present?.status?.generation)) return 'HardwareChanged';
  return threshold !== undefined && thresholdMs < durationMs(threshold) ? 'SlaTightened' : 'Load';
}

/** Why another model is not, or not yet, the answer where the active one was measured to carry the load. */
function elsewhere({ snapshot, status, nowMs }: Context): Choice | undefined {
  const { production, sla } = snapshot;
  const { throttledShare } = (production.kind === 'Histogram' ? production.signals : undefined) ?? {};
  if (throttledShare === undefined) return undefined;
  if (status.cause === 'Throttling') return throttledShare > 0 ? measuredToFit : undefined;
  // Pods that stand at a limit wait, as among neighbours, before the window is full of it.
  const unsure = status.cause === 'NoisyNeighbour' || status.cause === 'Unknown';
  const since = findCondition(status.conditions, 'Met')?.lastTransitionTime;
  const early = since !== undefined && nowMs - Date.parse(since) < durationMs(sla.spec.objective.window);
  return unsure && early ? findingCause : undefined;
}

/** The variant that should serve instead of the active one, or why there is none. */
export function better(context: Context, active: Finalist | undefined, { finalists, nodeAdvice }: Servable): Choice {
  const { search } = context.snapshot;
  const { verdict } = context.status;
  const situation = situationOf(context, active);
  if (verdict === 'NoData') return holding;
  const selection = select(finalists, active, situation);
  if (
    resting(context) &&
    !(selection.kind === 'Faster' && active && overtaken(active, situation) && promoted(context))
  ) {
    return keep('Cooldown', 'resting after the last rollout');
  }
  if (verdict !== 'Violated') {
    if (selection.kind === 'MoreAccurate' && verdict === 'Met') return { kind: 'Switch', picked: selection.finalist };
    if (selection.kind === 'NoneFits') {
      return keep(verdict ?? 'Met', `at the load to be expected ${noneFits(selection.advice, situation.replicas)}`);
    }
    if (selection.kind !== 'Faster') {
      return verdict === 'Met' ? keep('Met', 'the SLA is met') : holding;
    }
  }
  // The best of a search that still runs is not its best yet.
  if (!isTrue(search?.status?.conditions, 'Succeeded')) {
    return keep('WaitingForSearch', 'the search this SLA names has not finished yet');
  }
  if (selection.kind === 'NoneFits') {
    const ratePerSecond = situation.presentPerSecond / situation.replicas;
    const nodes = nodeAdvice?.({ ...situation, ratePerSecond });
    if (nodes) return keep('SelectNodes', nodes);
    return keep('NoVariantFits', noneFits(selection.advice, situation.replicas));
  }
  if (selection.kind === 'Stay') return measuredToFit;
  const { finalist: picked } = selection;
  if (verdict !== 'Violated') return { kind: 'Switch', picked, cause: anticipated(context) };
  const held = active && !overtaken(active, situation) ? elsewhere(context) : undefined;
  return held ?? { kind: 'Switch', picked, cause: context.status.cause };
}
