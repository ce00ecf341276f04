import { replicaSets } from '../../../src/runtime/cluster/core-types.ts';
import type { EmbeddedKind } from '../../../src/runtime/cluster/embedded/api/kinds.ts';
import { rollouts } from '../../../src/targets/argo-rollouts/rollout.ts';
import { httpRoutes } from '../../../src/targets/gateway/route.ts';
import { inferenceServices, revisions } from '../../../src/targets/kserve/inference-service.ts';

/** The collections of other projects' CRDs, without their schemas and without their controllers. */
export const foreignKinds: EmbeddedKind[] = [httpRoutes, inferenceServices, revisions, rollouts, replicaSets].map(
  (type) => ({ type }),
);
