import type { LatencySLA } from '../../api/latency-sla.ts';
import type { Workload } from '../../targets/target.ts';

/** What an SLA rolls out to, as targets take it. */
export const workloadOf = ({ metadata, spec }: LatencySLA): Workload => ({
  key: { namespace: metadata.namespace, name: spec.workloadRef.name },
  reference: spec.workloadRef,
  route: spec.rollout.httpRoute,
  fieldIgnoredByGitOps: spec.rollout.fieldIgnoredByGitOps,
  gated: spec.rollout.answers !== undefined,
});

/** On an SLA while a rollout of it is under way: it is taken back before the SLA goes, or its canary would serve for ever. */
export const rolloutFinalizer = 'retune.dev/rollout';

export const isHeld = ({ metadata }: LatencySLA): boolean => metadata.finalizers?.includes(rolloutFinalizer) ?? false;
