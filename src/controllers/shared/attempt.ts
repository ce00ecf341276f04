import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import type { Pod } from '../../runtime/cluster/core-types.ts';
import { type StatusCondition, setCondition } from '../../runtime/conditions.ts';
import type { PodOutcome } from './pod-outcome.ts';

/** A task is tried so often before it counts as failed: a noisy neighbour stays for longer than one measurement. */
export const mostAttempts = 5;

/** A pod that could not be scheduled for so long is given up: nothing hangs. */
export const longestWaitMs = 15 * 60_000;

/** What a Variant or a Trial has in common: one task, done by one pod at a time. */
export interface Attempts {
  /** Attempts that have ended without a result. */
  attempts?: number;
  conditions?: StatusCondition[];
}

/** The pod of an attempt; the same name for the same attempt, so that it can't be started twice. */
export const podName = (owner: string, attempts = 0): string => `${owner}-${attempts}`;

export interface Settled<S extends Attempts> {
  status: S;
  /** The pod to start, by name. */
  start?: string;
  events: ClusterEvent[];
  /** Nothing is left to do. */
  finished: boolean;
}

/** True once the condition says how it ended: `True`, or `False` with any reason but that of a try to come. */
export function isSettled(status: Attempts | undefined, type: string): boolean {
  const found = status?.conditions?.find((condition) => condition.type === type);
  return found !== undefined && found.status !== 'Unknown';
}

/**
 * One step of a task: starts its pod, waits for it, takes over its result, or counts a failure and starts over. A result
 * is in status before its pod may go, so that no death of the operator loses one or runs it twice.
 */
export function step<S extends Attempts>(options: {
  owner: { name: string; generation?: number };
  status: S;
  conditionType: string;
  pod: Pod | undefined;
  outcome: PodOutcome | undefined;
  /** What a result adds to status, or why it does not count. */
  take: (outcome: Extract<PodOutcome, { kind: 'Done' }>) => { status: S; message: string } | { invalid: PodOutcome };
  doneReason: string;
  nowMs: number;
}): Settled<S> {
  const { owner, conditionType, pod, outcome, take, doneReason, nowMs } = options;
  const condition = (status: S, value: 'True' | 'False' | 'Unknown', reason: string, message: string): S => ({
    ...status,
    conditions: setCondition(
      status.conditions ?? [],
      { type: conditionType, status: value, reason, message, observedGeneration: owner.generation },
      nowMs,
    ),
  });
  const going = (status: S, start?: string): Settled<S> => ({ status, start, events: [], finished: false });

  const attempt = podName(owner.name, options.status.attempts);
  if (!pod || !outcome)
    return going(condition(options.status, 'Unknown', 'Starting', 'its pod is being made'), attempt);
  if (outcome.kind === 'Running') return going(condition(options.status, 'Unknown', 'Running', `pod ${attempt} runs`));
  if (outcome.kind === 'Waiting') {
    const waitedMs = nowMs - Date.parse(pod.metadata.creationTimestamp ?? '');
    if (waitedMs < longestWaitMs) return going(condition(options.status, 'Unknown', outcome.reason, outcome.message));
    return failure({ kind: 'Failed', reason: outcome.reason, message: outcome.message, retryable: false });
  }
  if (outcome.kind === 'Failed') return failure(outcome);
  const taken = take(outcome);
  if ('invalid' in taken) return taken.invalid.kind === 'Failed' ? failure(taken.invalid) : going(options.status);
  return {
    status: condition(taken.status, 'True', doneReason, taken.message),
    events: [{ type: 'Normal', reason: doneReason, message: taken.message }],
    finished: true,
  };

  function failure({ reason, message, retryable }: Extract<PodOutcome, { kind: 'Failed' }>): Settled<S> {
    const attempts = (options.status.attempts ?? 0) + 1;
    const again = retryable && attempts < mostAttempts;
    const text = again ? `attempt ${attempts} failed, trying again: ${message}` : message;
    return {
      status: condition({ ...options.status, attempts }, again ? 'Unknown' : 'False', reason, text),
      events: [{ type: 'Warning', reason, message: text }],
      finished: !again,
    };
  }
}
