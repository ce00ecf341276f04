import type { LatencySLA } from '../../api/latency-sla.ts';
import type { Workload } from '../../targets/target.ts';

/** What an SLA rolls out to, as targets take it. */
export const workloadOf = ({ metadata, spec }: LatencySLA): Workload => ({
  key: { namespace: metadata.namespace, name: spec.workloadRef.name },
  reference: spec.workloadRef,
  route: spec.rollout.httpRoute,
  fieldIgnoredByGitOps: spec.rollout.fieldIgnoredByGitOps,
});
