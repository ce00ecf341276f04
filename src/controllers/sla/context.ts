import type { HistoryEntry, LatencySLAStatus } from '../../api/latency-sla.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import { setCondition } from '../../runtime/conditions.ts';
import type { SlaSnapshot } from './gather.ts';

/** The objective's percentiles as shares. */
export const quantiles = { P50: 0.5, P90: 0.9, P99: 0.99 } as const;

/** One reconcile's worth of context that the steps of a decision share. */
export interface Context {
  snapshot: SlaSnapshot;
  /** Requests a second at one replica, now. */
  ratePerSecond: number;
  nowMs: number;
  at: string;
  thresholdMs: number;
  status: LatencySLAStatus;
  events: ClusterEvent[];
}

/** Adds to the history, which keeps the last twenty. */
export function record({ status, at }: Context, event: HistoryEntry['event'], reason: string, message: string): void {
  const entry = { at, event, reason, message: message.slice(0, 256) };
  status.history = [...(status.history ?? []), entry].slice(-20);
}

/** Sets a condition of the present generation; `undefined` is Unknown. */
export function condition(
  context: Context,
  type: string,
  value: boolean | undefined,
  reason: string,
  message: string,
): void {
  const status = value === undefined ? 'Unknown' : value ? 'True' : 'False';
  const { generation } = context.snapshot.sla.metadata;
  const next = { type, status, reason, message, observedGeneration: generation } as const;
  context.status.conditions = setCondition(context.status.conditions ?? [], next, context.nowMs);
}
