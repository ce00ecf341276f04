import type { FileRef } from '../../api/common.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch, NASSearchStatus } from '../../api/nas-search.ts';
import { durationMs } from '../../api/units.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import { findCondition, setCondition } from '../../runtime/conditions.ts';
import { isSettled, longestWaitMs } from '../shared/attempt.ts';
import { childName } from '../shared/names.ts';
import { type PodOutcome, podOutcome } from '../shared/pod-outcome.ts';
import type { SearchSnapshot } from './gather.ts';

/** Whether the base model of a search that has ended is still what was searched: a worker looks now and then. */
export interface ModelLook {
  status: NASSearchStatus;
  /** What is to become of the pod that looks. */
  pod?: 'Start' | 'Remove';
  events: ClusterEvent[];
  requeueAfterMs?: number;
}

export const checkPodName = ({ metadata }: NASSearch): string => childName(metadata.name, 'model-check');

/** How often the SLAs that were last searched for by this search want it looked at; undefined where none does. */
export function checkEveryMs(slas: readonly LatencySLA[], search: string): number | undefined {
  const wanted = slas
    .filter(({ spec, status }) => (status?.retune?.search ?? spec.searchRef.name) === search && !spec.suspend)
    .filter(({ spec }) => spec.retune.triggers.includes('ModelChanged'))
    .map(({ spec }) => durationMs(spec.retune.modelCheck))
    .filter((ms) => ms > 0);
  return wanted.length > 0 ? Math.min(...wanted) : undefined;
}

/** Whether other bytes may lie there one day: every URI but that of a file names its content. */
export const mayChange = ({ uri }: FileRef): boolean => uri.startsWith('file:') && !/\/sha256\/[0-9a-f]{64}$/.test(uri);

/** A model that can't be read is looked at again after so long at most: it may be half written. */
const unreadableMs = 10 * 60_000;
/** A pod's end wakes whoever waits for it; this is for ends that nobody was told of. */
const lookAgainMs = 30_000;
const longestSleepMs = 3_600_000;

const conditionType = 'ModelCurrent';
const searchedNothing = 'NotSearched';

interface Finding {
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
}

/** What a digest says of a search. */
function finding({ spec }: NASSearch, searched: string | undefined, found: string): Finding {
  const { uri } = spec.model;
  if (!searched) {
    return { status: 'Unknown', reason: searchedNothing, message: `${uri} is ${found}, and was not searched` };
  }
  return searched === found
    ? { status: 'True', reason: 'Unchanged', message: `${uri} is what was searched` }
    : { status: 'False', reason: 'ModelChanged', message: `${uri} is ${found}, and ${searched} was searched` };
}

/** How a look that has ended ended; undefined while it goes on. */
function endOf(
  outcome: PodOutcome,
  waitedMs: number,
): { digest: string } | { reason: string; message: string } | undefined {
  if (outcome.kind === 'Running') return undefined;
  if (outcome.kind === 'Waiting') return waitedMs < longestWaitMs ? undefined : outcome;
  if (outcome.kind === 'Failed') return outcome;
  const { result } = outcome;
  if (result.kind === 'Digest') return { digest: result.modelDigest };
  return { reason: 'WorkerCrashed', message: `the pod answered a ${result.kind} instead of what it was asked` };
}

function ended(
  snapshot: SearchSnapshot,
  status: NASSearchStatus,
  end: NonNullable<ReturnType<typeof endOf>>,
  nowMs: number,
): ModelLook {
  const { search } = snapshot;
  const { uri } = search.spec.model;
  const next: Finding =
    'digest' in end
      ? finding(search, status.modelDigest, end.digest)
      : {
          status: 'Unknown',
          reason: end.reason,
          message: `what ${uri} is now is not known, and nothing follows from it: ${end.message}`,
        };
  const digest = 'digest' in end ? end.digest : status.modelCheck?.digest;
  const before = findCondition(status.conditions, conditionType);
  const type =
    next.reason === 'Unchanged' || next.reason === searchedNothing ? ('Normal' as const) : ('Warning' as const);
  return {
    status: {
      ...status,
      modelCheck: { finished: new Date(nowMs).toISOString(), digest },
      conditions: setCondition(
        status.conditions ?? [],
        { type: conditionType, observedGeneration: search.metadata.generation, ...next },
        nowMs,
      ),
    },
    pod: 'Remove',
    events: before?.reason === next.reason ? [] : [{ type, reason: next.reason, message: next.message }],
    requeueAfterMs: lookAgainMs,
  };
}

/** Pure: one step of looking. `status` is that of the search as it is about to be written. */
export function lookAtModel(snapshot: SearchSnapshot, status: NASSearchStatus, nowMs: number): ModelLook {
  const { search, checkPod: pod } = snapshot;
  const { started, ...last } = status.modelCheck ?? {};
  const everyMs =
    isSettled(status, 'Succeeded') && !search.spec.suspend && mayChange(search.spec.model)
      ? snapshot.checkEveryMs
      : undefined;
  const remove = pod && !pod.metadata.deletionTimestamp ? ({ pod: 'Remove' } as const) : {};
  if (everyMs === undefined) {
    return { status: started ? { ...status, modelCheck: last } : status, ...remove, events: [] };
  }
  if (started && pod) {
    const waitedMs = nowMs - Date.parse(pod.metadata.creationTimestamp ?? started);
    const end = endOf(podOutcome(pod), waitedMs);
    return end ? ended(snapshot, status, end, nowMs) : { status, events: [], requeueAfterMs: lookAgainMs };
  }
  if (started) return { status, pod: 'Start', events: [], requeueAfterMs: lookAgainMs };
  // One that ended before is still going.
  if (pod) return { status, ...remove, events: [], requeueAfterMs: lookAgainMs };
  const before = findCondition(status.conditions, conditionType);
  const unread = before?.status === 'Unknown' && before.reason !== searchedNothing;
  const since = Date.parse(last.finished ?? status.finished ?? '') || nowMs;
  const waitMs = since + (unread ? Math.min(unreadableMs, everyMs) : everyMs) - nowMs;
  if (waitMs > 0) return { status, events: [], requeueAfterMs: Math.min(waitMs, longestSleepMs) };
  const modelCheck = { ...last, started: new Date(nowMs).toISOString() };
  return { status: { ...status, modelCheck }, pod: 'Start', events: [], requeueAfterMs: lookAgainMs };
}
