import { labels } from '../../api/common.ts';
import { trials } from '../../api/resources.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { pods } from '../../runtime/cluster/core-types.ts';
import { type Controller, itself, owner } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { applyAttempt } from '../shared/apply-attempt.ts';
import { type WorkerSettings, workerPod } from '../shared/worker-pod.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';

const lookAgainMs = 30_000;

/** Measures each variant on each accelerator, in a worker pod on a node of that type. */
export function trialController(deps: { cluster: Cluster; clock: Clock; worker: WorkerSettings }): Controller {
  const { cluster, clock, worker: settings } = deps;
  return {
    name: 'trial',
    async reconcile(key) {
      const snapshot = await gather(cluster, key);
      if (!snapshot) return {};
      const { trial, search, profile } = snapshot;
      const decision = decide(snapshot, clock());
      const { task } = decision;
      await applyAttempt(cluster, trials, trial, decision, (name) => {
        if (!search || !task || !profile) throw new Error(`trial ${trial.metadata.name} can't be started yet`);
        const own = { [labels.search]: search.metadata.name, [labels.trial]: trial.metadata.name };
        return workerPod({
          ...{ owner: { ...trial, kind: 'Trial' }, name, task, worker: search.spec.worker, settings },
          ...{ nodeLabels: profile.spec.match, labels: own },
        });
      });
      return decision.finished ? {} : { requeueAfterMs: lookAgainMs };
    },
    watches: [
      { type: trials, map: itself },
      { type: pods, options: { labels: { [labels.managedBy]: 'retune' } }, map: owner('Trial') },
    ],
  };
}
