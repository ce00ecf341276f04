import { labels } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import { durationMs } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { drainMs } from '../../core/rollout/canary.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { isApiError } from '../../runtime/cluster/errors.ts';
import { isTrue } from '../../runtime/conditions.ts';
import type { Ask, LatencyReader, Reading } from '../../sources/source.ts';
import { TargetError, type TargetOf, type TargetSnapshot, type Track } from '../../targets/target.ts';
import { answersOf, type PodAnswer } from './answers.ts';
import { isHeld, workloadOf } from './workload.ts';

export type FoundTarget =
  | { kind: 'Found'; target: TargetSnapshot }
  | { kind: 'Missing' }
  | { kind: 'Refused'; reason: string; message: string };

/** Everything one decision about a LatencySLA needs, read once. */
export interface SlaSnapshot {
  sla: LatencySLA;
  workload: FoundTarget;
  /** The older SLA that changes the same workload, if there is one. */
  rival?: string;
  /** The search that the SLA names. */
  named?: NASSearch;
  /** The one that it has started itself last. */
  followUp?: NASSearch;
  /** The one that it goes by: that, once it has succeeded, else the one before. */
  search: NASSearch | undefined;
  variants: Variant[];
  trials: Trial[];
  profiles: HardwareProfile[];
  /** What production did in the last window, whichever pods served it. */
  production: Reading;
  /** The last third of that window: what the load is now. */
  recent?: Reading;
  /** What came since requests were last counted, for what adds them up: none is counted twice. */
  fresh?: Reading;
  /** What canary and baseline did since the comparison began; only while one is running. */
  canary?: Reading;
  baseline?: Reading;
  /** Of pods of a canary that wait for requests. */
  answers?: PodAnswer[];
  /** What the promoted variant did since it serves by itself; only while it is proving itself. */
  alone?: Reading;
}

export interface Sources {
  targetOf: TargetOf;
  ask: Ask;
  readerOf: (source: LatencySLA['spec']['source'], workload: { namespace: string; name: string }) => LatencyReader;
}

async function observe({ targetOf }: Sources, sla: LatencySLA): Promise<FoundTarget> {
  try {
    const found = await targetOf(workloadOf(sla)).observe(sla.status?.rollout);
    return found ? { kind: 'Found', target: found } : { kind: 'Missing' };
  } catch (error) {
    if (error instanceof TargetError) return { kind: 'Refused', reason: error.reason, message: error.message };
    if (isApiError(error, 'Forbidden')) {
      const message = `${error.message}: grant it (helm: rolloutTargets.gateway, .kserve or .argoRollouts), or use a plain Deployment`;
      return { kind: 'Refused', reason: 'Forbidden', message };
    }
    throw error;
  }
}

const age = ({ metadata }: LatencySLA) => `${metadata.creationTimestamp} ${metadata.name}`;

/** Of the SLAs that would change one workload, the oldest does: its name, unless it is this one. */
function rivalOf(sla: LatencySLA, all: LatencySLA[]): string | undefined {
  const { kind, name } = sla.spec.workloadRef;
  const [first] = all
    .filter(({ spec }) => spec.workloadRef.kind === kind && spec.workloadRef.name === name)
    .filter(({ spec }) => spec.mode === 'Auto' && !spec.suspend)
    .sort((a, b) => age(a).localeCompare(age(b), 'en'));
  const oldest = first?.metadata.name;
  return sla.spec.mode === 'Auto' && oldest !== sla.metadata.name ? oldest : undefined;
}

/** How far back canary and baseline may be looked at: to when they were given their present share, and no further. */
function comparisonMs({ status }: LatencySLA, nowMs: number): number | undefined {
  if (status?.rollout?.step !== 'Comparing') return undefined;
  const { stepSince, weightSince = stepSince } = status.rollout;
  return Math.max(1000, nowMs - Math.max(Date.parse(stepSince), Date.parse(weightSince)));
}

/** How far back a promoted variant may be looked at: to when the last requests had left what was beside it. */
function aloneMs({ status }: LatencySLA, nowMs: number): number | undefined {
  if (status?.rollout?.step !== 'Proving') return undefined;
  const sinceMs = nowMs - Date.parse(status.rollout.stepSince) - drainMs;
  return sinceMs >= 1000 ? sinceMs : undefined;
}

/**
 * How far back requests have not been counted yet: at most the window, so that what an outage hid is not made up, and
 * undefined while an interval has not passed.
 */
function uncountedMs({ spec, status }: LatencySLA, nowMs: number): number | undefined {
  const windowMs = durationMs(spec.objective.window);
  const intervalMs = Math.min(windowMs, durationMs(spec.policy.interval));
  const sinceMs = nowMs - Date.parse(status?.counted ?? '');
  if (Number.isNaN(sinceMs) || sinceMs > windowMs) return intervalMs;
  return sinceMs >= intervalMs ? sinceMs : undefined;
}

/** Every read for one reconcile; undefined when the SLA is gone. */
export async function gather(
  cluster: Cluster,
  sources: Sources,
  key: Key,
  nowMs: number,
): Promise<SlaSnapshot | undefined> {
  const sla = await cluster.get(latencySlas, key);
  if (!sla || (sla.metadata.deletionTimestamp && !isHeld(sla))) return undefined;
  const { namespace } = key;
  const { search: started, before } = sla.status?.retune ?? {};
  const [named, followUp, earlier] = await Promise.all([
    cluster.get(nasSearches, { namespace, name: sla.spec.searchRef.name }),
    started ? cluster.get(nasSearches, { namespace, name: started }) : undefined,
    before ? cluster.get(nasSearches, { namespace, name: before }) : undefined,
  ]);
  // What the SLA has started itself is gone by once it has succeeded.
  const search = followUp && isTrue(followUp.status?.conditions, 'Succeeded') ? followUp : (earlier ?? named);
  const ofSearch = { namespace, labels: { [labels.search]: search?.metadata.name ?? sla.spec.searchRef.name } };
  const [workload, slas, itsVariants, itsTrials, profiles] = await Promise.all([
    observe(sources, sla),
    // Only one that acts can be in another's way.
    sla.spec.mode === 'Auto' ? cluster.list(latencySlas, { namespace }) : [],
    cluster.list(variants, ofSearch),
    cluster.list(trials, ofSearch),
    cluster.list(hardwareProfiles),
  ]);
  const reader = sources.readerOf(sla.spec.source, {
    namespace: namespace ?? 'default',
    name: sla.spec.workloadRef.name,
  });
  const pods = workload.kind === 'Found' ? workload.target.pods : [];
  const read = (windowMs: number, track?: Track) =>
    reader.read(
      // What a canary before this one has still to answer says nothing of this one.
      pods.filter((pod) => pod.address && (!track || (pod.track === track && !pod.ending))),
      windowMs,
    );
  const baselineTrack = workload.kind === 'Found' && workload.target.inPlace ? 'stable' : 'baseline';
  const sinceMs = comparisonMs(sla, nowMs);
  const sinceAloneMs = aloneMs(sla, nowMs);
  const windowMs = durationMs(sla.spec.objective.window);
  const sinceCountedMs = uncountedMs(sla, nowMs);
  const [production, recent, fresh, canary, baseline, alone] = await Promise.all([
    read(windowMs),
    read(windowMs / 3),
    sinceCountedMs ? read(sinceCountedMs) : undefined,
    sinceMs ? read(sinceMs, 'canary') : undefined,
    sinceMs ? read(sinceMs, baselineTrack) : undefined,
    sinceAloneMs ? read(sinceAloneMs, 'stable') : undefined,
  ]);
  const readings = { production, recent, fresh, canary, baseline, alone };
  const answers =
    workload.kind === 'Found'
      ? await answersOf(sources.ask, sla, workload.target, { trials: itsTrials, profiles })
      : undefined;
  const rival = rivalOf(sla, slas);
  return {
    sla,
    workload,
    rival,
    named,
    followUp,
    search,
    variants: itsVariants,
    trials: itsTrials,
    profiles,
    ...readings,
    answers,
  };
}
