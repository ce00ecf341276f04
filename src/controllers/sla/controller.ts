import { latencySlas } from '../../api/resources.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { type Controller, itselfWhenAsked } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { apply } from './apply.ts';
import { decide } from './decide.ts';
import { gather, type Sources } from './gather.ts';

/** Watches what production does and keeps the right variant in front of it. */
export function slaController(deps: { cluster: Cluster; clock: Clock; sources: Sources }): Controller {
  const { cluster, clock, sources } = deps;
  return {
    name: 'sla',
    async reconcile(key) {
      const snapshot = await gather(cluster, sources, key, clock());
      if (!snapshot) return {};
      const decision = decide(snapshot, clock());
      await apply(cluster, sources.targetOf, snapshot, decision);
      return { requeueAfterMs: decision.requeueAfterMs };
    },
    // Production speaks through metrics, not events, and a rollout looks once a second: the interval does the rest.
    watches: [{ type: latencySlas, map: itselfWhenAsked() }],
  };
}
