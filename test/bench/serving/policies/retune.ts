import type { LatencySLAStatus } from '../../../../src/api/latency-sla.ts';
import { decide } from '../../../../src/controllers/sla/decide.ts';
import type { RolloutAction } from '../../../../src/core/rollout/canary.ts';
import { isSettled, reconcileDeployment, type SimulatedCluster } from '../cluster.ts';
import { uriOf } from '../finalist.ts';
import type { Front, MeasuredVariant } from '../front.ts';
import type { Policy } from '../simulate.ts';
import { fixtures, snapshotOf } from '../snapshot.ts';

const startMs = Date.parse('2026-01-01T00:00:00Z');

/**
 * Retune itself: the decision of its controller, from judging production to the canary, at the intervals that it asks
 * for, on a Deployment with the fixed number of replicas. Nothing of it is written anew here; only the cluster is
 * simulated. `onEvent` hears what it would tell.
 */
export function retune(
  front: Front,
  { thresholdMs, maxDrop }: { thresholdMs: number; maxDrop: string },
  onEvent: (second: number, text: string) => void = () => undefined,
): Policy {
  const fixed = fixtures(front, thresholdMs, maxDrop);
  const find = (uri: string) => {
    const model = front.variants.find((one) => uriOf(one) === uri);
    if (!model) throw new Error(`the simulation has no model ${uri}`);
    return model;
  };
  let stable: MeasuredVariant = front.variants.find(({ variant }) => variant === front.base) ?? find('the base model');
  let status: LatencySLAStatus | undefined;
  let nextSecond = 0;
  let switches = 0;

  const perform = (cluster: SimulatedCluster, action: RolloutAction, second: number) => {
    const beside = (track: 'canary' | 'baseline') => cluster.pods.filter((pod) => pod.track === track);
    if (action.kind === 'EnsureCanary' && status?.rollout) {
      if (beside('canary').length === 0) cluster.start('canary', find(status.rollout.modelUri), second);
      if (beside('baseline').length === 0) cluster.start('baseline', stable, second);
    } else if (action.kind === 'SetModel') {
      const model = find(action.uri);
      if (model !== stable) switches++;
      stable = model;
    } else if (action.kind === 'RemoveCanary') {
      for (const pod of [...beside('canary'), ...beside('baseline')]) cluster.stop(pod);
    }
  };
  return {
    act(cluster, second) {
      const wanted = () => ({ track: 'stable' as const, model: stable, replicas: cluster.conditions.replicas });
      reconcileDeployment(cluster, wanted(), second);
      if (second === 0 || second < nextSecond) return;
      const settled = isSettled(cluster, wanted(), second);
      const seen = { status, stable, replicas: cluster.conditions.replicas, settled };
      const decision = decide(snapshotOf(fixed, cluster, seen, second, startMs), startMs + 1000 * second);
      status = decision.status;
      for (const { reason, message } of decision.events) onEvent(second, `${reason} ${message}`);
      for (const action of decision.actions) if (action.kind !== 'Admit') perform(cluster, action, second);
      nextSecond = second + Math.max(1, Math.round(decision.requeueAfterMs / 1000));
      reconcileDeployment(cluster, wanted(), second);
    },
    switches: () => switches,
  };
}
