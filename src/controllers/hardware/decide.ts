import type { HardwareProfileStatus } from '../../api/hardware-profile.ts';
import { fingerprint } from '../../core/hardware/fingerprint.ts';
import { presence } from '../../core/hardware/hold-down.ts';
import { sharedBy } from '../../core/hardware/labels.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import type { Node } from '../../runtime/cluster/core-types.ts';
import { findCondition, isTrue, type StatusCondition, setCondition } from '../../runtime/conditions.ts';
import type { HardwareSnapshot } from './gather.ts';
import { probeStep } from './probe.ts';

export interface HardwareDecision {
  /** Labels of a profile to make, where there is none yet. */
  create?: Record<string, string>;
  status?: HardwareProfileStatus;
  /** The pod to start that probes it, by name. */
  start?: string;
  /** The probe has ended: its pods have nothing more to say. */
  over?: boolean;
  events: ClusterEvent[];
  requeueAfterMs?: number;
}

const mostNodes = 100;
/** A node that lost its label wakes nobody for its old type: each profile looks after itself now and then. */
const lookAgainMs = 30_000;

const usable = ({ spec, status }: Node) => !spec?.unschedulable && isTrue(status?.conditions, 'Ready');

const cpu = (node: Node) => {
  const text = node.status?.allocatable?.cpu ?? '0';
  return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
};

/** Whether a container has its device alone; nothing is said while there are no nodes to look at. */
function exclusive(ready: readonly Node[]): Omit<StatusCondition, 'lastTransitionTime'>[] {
  const [node] = ready;
  if (!node) return [];
  const shared = ready.map(({ metadata }) => sharedBy(metadata.labels ?? {})).find(Boolean);
  return shared
    ? [
        {
          ...{ type: 'Exclusive', status: 'False', reason: 'Shared' },
          message: `containers share its devices (${shared}): the tail of a latency is that of whoever else is there`,
        },
      ]
    : [{ type: 'Exclusive', status: 'True', reason: 'NotShared', message: 'a container has its device alone' }];
}

export interface HardwareSettings {
  /** How long nodes of a type must be there on end before it counts. */
  holdDownMs: number;
  /** The image that probes it. */
  image: string;
}

/** Pure: what is known of one accelerator type, from its nodes, its probe and the latest trial that ran on it. */
export function decide(snapshot: HardwareSnapshot, settings: HardwareSettings, nowMs: number): HardwareDecision {
  const { holdDownMs, image } = settings;
  const { profile, match, nodes, met } = snapshot;
  if (!profile) return match ? { create: match, events: [] } : { events: [] };
  const ready = nodes.filter(usable);
  const { stableSince, stable, againInMs } = presence(ready.length, profile.status?.stableSince, holdDownMs, nowMs);
  const reason = ready.length === 0 ? 'NoNodes' : stable ? 'Stable' : 'HoldingDown';
  const message = {
    NoNodes: 'no ready, schedulable node has these labels now',
    Stable: `${ready.length} node${ready.length === 1 ? '' : 's'} of this type`,
    HoldingDown: `its nodes must be there for ${holdDownMs / 1000} s on end before they are measured on`,
  }[reason];
  const facts = profile.status?.facts ?? met?.facts;
  const before = findCondition(profile.status?.conditions, 'Ready');
  const next = {
    ...{ type: 'Ready', status: stable ? ('True' as const) : ('False' as const), reason, message },
  };
  const status: HardwareProfileStatus = {
    ...profile.status,
    observedGeneration: profile.metadata.generation,
    nodes: ready
      .map(({ metadata }) => metadata.name)
      .sort()
      .slice(0, mostNodes),
    nodeCount: ready.length,
    allocatableCpu: ready.length > 0 ? String(Math.min(...ready.map(cpu))) : undefined,
    firstSeen: profile.status?.firstSeen ?? new Date(nowMs).toISOString(),
    stableSince,
    facts,
    fingerprint: facts && fingerprint(facts),
    generation: profile.status?.generation ?? 1,
    conditions: [next, ...exclusive(ready)].reduce(
      (all, condition) => setCondition(all, { ...condition, observedGeneration: profile.metadata.generation }, nowMs),
      profile.status?.conditions ?? [],
    ),
  };
  const probed = probeStep({ ...snapshot, profile }, status, { image, stable, nowMs });
  return {
    status: probed.status,
    start: probed.start,
    over: probed.finished,
    events: [
      ...(before?.reason === reason
        ? []
        : [{ type: reason === 'NoNodes' ? ('Warning' as const) : ('Normal' as const), reason, message }]),
      ...probed.events,
    ],
    requeueAfterMs: Math.min(againInMs ?? lookAgainMs, lookAgainMs),
  };
}
