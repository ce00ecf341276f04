import { labels } from '../../api/common.ts';
import { variants } from '../../api/resources.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { pods } from '../../runtime/cluster/core-types.ts';
import { type Controller, itself, owner } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { applyAttempt } from '../shared/apply-attempt.ts';
import { type WorkerSettings, workerPod } from '../shared/worker-pod.ts';
import { decide, taskOf } from './decide.ts';
import { gather } from './gather.ts';

const lookAgainMs = 30_000;

/** Makes each variant of a search once, in a worker pod. */
export function variantController(deps: { cluster: Cluster; clock: Clock; worker: WorkerSettings }): Controller {
  const { cluster, clock, worker: settings } = deps;
  return {
    name: 'variant',
    async reconcile(key) {
      const snapshot = await gather(cluster, key);
      if (!snapshot) return {};
      const { variant, search } = snapshot;
      const decision = decide(snapshot, clock());
      await applyAttempt(cluster, variants, variant, decision, (name) => {
        if (!search) throw new Error(`variant ${variant.metadata.name} has no search`);
        const own = { [labels.search]: search.metadata.name, [labels.variant]: variant.metadata.name };
        return workerPod({
          ...{ owner: { ...variant, kind: 'Variant' }, name, task: taskOf(snapshot) },
          ...{ worker: search.spec.worker, settings, labels: own },
        });
      });
      return decision.finished ? {} : { requeueAfterMs: lookAgainMs };
    },
    watches: [
      { type: variants, map: itself },
      { type: pods, options: { labels: { [labels.managedBy]: 'retune' } }, map: owner('Variant') },
    ],
  };
}
