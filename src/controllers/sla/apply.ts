import { isDeepStrictEqual } from 'node:util';
import type { LatencySLAStatus } from '../../api/latency-sla.ts';
import { latencySlas } from '../../api/resources.ts';
import type { RolloutAction } from '../../core/rollout/canary.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import type { RolloutTarget, TargetSnapshot } from '../../targets/target.ts';
import type { SlaDecision } from './decide.ts';
import type { SlaSnapshot } from './gather.ts';

function act(target: RolloutTarget, found: TargetSnapshot, { sla }: SlaSnapshot, action: RolloutAction): Promise<void> {
  const binding = sla.spec.workloadRef;
  if (action.kind === 'SetModel') return target.setModel(found, binding, action.uri);
  if (action.kind === 'RemoveCanary') return target.removeCanary(found);
  const uri = sla.status?.rollout?.modelUri;
  return uri ? target.ensureCanary(found, binding, uri) : Promise.resolve();
}

function withRecommendation(
  target: RolloutTarget,
  snapshot: SlaSnapshot,
  { status, recommend }: SlaDecision,
): LatencySLAStatus {
  if (!recommend || snapshot.workload.kind !== 'Found') return status;
  const patch = target.patch(snapshot.workload.target, snapshot.sla.spec.workloadRef, recommend.modelUri);
  return { ...status, recommendation: { variant: recommend.variant, modelUri: recommend.modelUri, patch } };
}

/** Writes the verdict, then acts on it: what is done can always be explained from status. */
export async function apply(
  cluster: Cluster,
  target: RolloutTarget,
  snapshot: SlaSnapshot,
  decision: SlaDecision,
): Promise<void> {
  const { sla, workload } = snapshot;
  const status = withRecommendation(target, snapshot, decision);
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(status)), sla.status)) {
    await cluster.replaceStatus(latencySlas, { ...sla, status });
  }
  if (workload.kind === 'Found') {
    for (const action of decision.actions) await act(target, workload.target, snapshot, action);
  }
  for (const event of decision.events) await cluster.emit(sla, event);
}
