import type { LatencySLA, RetuneStatus } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { durationMs, fraction } from '../../api/units.ts';
import { shortHash } from '../../core/search/candidate.ts';
import { retuneReason } from '../../core/sla/retune.ts';
import { dueSince, scheduleProblem } from '../../core/sla/schedule.ts';
import { findCondition } from '../../runtime/conditions.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import { childName } from '../shared/names.ts';
import { controlledBy } from '../shared/owner.ts';
import { type Context, condition } from './context.ts';
import type { SlaSnapshot } from './gather.ts';

/** A drift is told of as soon as it is found; nothing is searched for one of a variant that has hardly served yet. */
const searchedAfterSeconds = 900;

const stateOf = (search: NASSearch | undefined) => findCondition(search?.status?.conditions, 'Succeeded')?.status;

/** Whether a search that the SLA goes by, or started, has not ended. */
function searching({ sla, search, followUp }: SlaSnapshot): boolean {
  const running = (one: NASSearch | undefined) => one !== undefined && !['True', 'False'].includes(stateOf(one) ?? '');
  // Its object may not have been seen yet.
  if (sla.status?.retune && !followUp && search?.metadata.name !== sla.status.retune.search) return true;
  return running(search) || running(followUp);
}

/** What of the schedule is due; a schedule that can't be read is told of, and asks for nothing. */
function scheduled(context: Context): string | undefined {
  const { sla } = context.snapshot;
  const { schedule } = sla.spec.retune;
  const problem = schedule === undefined ? undefined : scheduleProblem(schedule);
  if (problem) condition(context, 'Scheduled', false, 'BadSchedule', `spec.retune.schedule: ${problem}`);
  if (schedule === undefined || problem) return undefined;
  condition(context, 'Scheduled', true, 'Waiting', `a search is started at ${schedule} (UTC)`);
  const since = sla.status?.retune?.started ?? sla.metadata.creationTimestamp ?? context.at;
  return dueSince(schedule, since, context.nowMs);
}

/** What the base model is, by the last search of it that looked, and what it was when it was searched. */
function baseOf({ sla, named, followUp }: SlaSnapshot) {
  const last = followUp ?? named;
  const now = last?.status?.modelCheck?.digest;
  const searched = followUp?.status?.modelDigest ?? sla.status?.retune?.modelDigest ?? named?.status?.modelDigest;
  return last && now && searched ? { uri: last.spec.model.uri, now, searched } : undefined;
}

/**
 * Writes into status that another search is to be started, and why, where there is a reason; the search itself is made
 * from status, so that a crash in between starts it once.
 */
export function decideRetune(context: Context, target: TargetSnapshot): void {
  const { status, snapshot, thresholdMs, at, nowMs } = context;
  const { triggers, cooldown } = snapshot.sla.spec.retune;
  status.image ??= target.image;
  const base = baseOf(snapshot);
  const { named, search: present } = snapshot;
  const found = retuneReason(
    {
      hold: findCondition(status.conditions, 'Ready')?.reason,
      driftSince: (status.drift?.learnedSeconds ?? 0) >= searchedAfterSeconds ? status.drift?.since : undefined,
      model: target.image && status.image ? { now: target.image, searched: status.image } : undefined,
      base,
      scheduled: scheduled(context),
      searching: searching(snapshot),
      last: status.retune,
      thresholdMs,
    },
    { triggers, cooldownMs: durationMs(cooldown) },
    nowMs,
  );
  if (!found) return;
  const { trigger, message } = found;
  const search = childName(snapshot.sla.metadata.name, shortHash(`${trigger} ${at}`).slice(-6));
  const before = present && present !== named ? present.metadata.name : undefined;
  status.retune = { search, trigger, started: at, thresholdMs, before, modelDigest: base?.now };
  status.image = target.image;
  context.events.push({ type: 'Normal', reason: 'SearchStarted', message: `${search}: ${message}` });
}

/** The search that an SLA has started: like the one that it names, with the SLA's threshold less headroom as its limit. */
export function followUpSearch(sla: LatencySLA, named: NASSearch, { search, thresholdMs }: RetuneStatus): NASSearch {
  const { apiVersion, metadata, kind } = sla;
  const limitMs = Number((thresholdMs * (1 - fraction(sla.spec.policy.headroom))).toPrecision(6));
  const { latency } = named.spec;
  return {
    apiVersion,
    kind: 'NASSearch',
    metadata: {
      ...{ name: search, namespace: metadata.namespace },
      ownerReferences: [controlledBy(kind, metadata)],
    },
    spec: { ...named.spec, start: 'Immediately', suspend: false, latency: { ...latency, threshold: `${limitMs}ms` } },
  };
}
