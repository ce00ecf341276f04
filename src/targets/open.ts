import type { Cluster } from '../runtime/cluster/cluster.ts';
import { argoRolloutsTarget } from './argo-rollouts/argo-rollouts.ts';
import { deploymentTarget } from './deployment/deployment.ts';
import { gatewayTarget } from './gateway/gateway.ts';
import { kserveTarget } from './kserve/kserve.ts';
import type { TargetOf } from './target.ts';

/** The target for each kind of workload that an SLA may name. */
export const openTarget =
  (cluster: Cluster): TargetOf =>
  (workload) => {
    if (workload.reference.kind === 'InferenceService') return kserveTarget(cluster, workload);
    if (workload.reference.kind === 'Rollout') return argoRolloutsTarget(cluster, workload);
    if (workload.route) return gatewayTarget(cluster, workload, workload.route);
    return deploymentTarget(cluster, workload);
  };
