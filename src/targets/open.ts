import type { Cluster } from '../runtime/cluster/cluster.ts';
import { deploymentTarget } from './deployment/deployment.ts';
import type { TargetOf } from './target.ts';

/** The target for each kind of workload that an SLA may name. */
export const openTarget =
  (cluster: Cluster): TargetOf =>
  (workload) =>
    deploymentTarget(cluster, workload);
