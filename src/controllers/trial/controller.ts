import { labels } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import { hardwareProfiles, trials } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { pods } from '../../runtime/cluster/core-types.ts';
import { type Controller, itself, keyText, owner } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { applyAttempt } from '../shared/apply-attempt.ts';
import { type WorkerSettings, workerPod } from '../shared/worker-pod.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';

const lookAgainMs = 30_000;

/** Trials by accelerator, as they were seen: those of a profile are looked at again when its machines are others. */
function byAccelerator() {
  const seen = new Map<string, Map<string, Key>>();
  const generations = new Map<string, number | undefined>();
  return {
    ofTrial(trial: Trial): Key[] {
      const keys = itself(trial);
      const { accelerator } = trial.spec;
      const its = seen.get(accelerator) ?? new Map<string, Key>();
      for (const key of keys) its.set(keyText(key), key);
      seen.set(accelerator, its);
      return keys;
    },
    ofProfile({ metadata: { name }, status }: HardwareProfile): Key[] {
      if (generations.get(name) === status?.generation) return [];
      generations.set(name, status?.generation);
      return [...(seen.get(name)?.values() ?? [])];
    },
    forget(key: Key): void {
      for (const its of seen.values()) its.delete(keyText(key));
    },
  };
}

/** Measures each variant on each accelerator, in a worker pod on a node of that type. */
export function trialController(deps: { cluster: Cluster; clock: Clock; worker: WorkerSettings }): Controller {
  const { cluster, clock, worker: settings } = deps;
  const seen = byAccelerator();
  return {
    name: 'trial',
    async reconcile(key) {
      const snapshot = await gather(cluster, key);
      if (!snapshot) {
        seen.forget(key);
        return {};
      }
      const { trial, search, profile } = snapshot;
      const decision = decide(snapshot, clock());
      const { task } = decision;
      await applyAttempt(cluster, trials, trial, decision, (name) => {
        if (!search || !task || !profile) throw new Error(`trial ${trial.metadata.name} can't be started yet`);
        const own = { [labels.search]: search.metadata.name, [labels.trial]: trial.metadata.name };
        return workerPod({
          ...{ owner: { ...trial, kind: 'Trial' }, name, task, worker: search.spec.worker, settings },
          ...{ nodeLabels: profile.spec.match, accelerator: profile.metadata.name, labels: own },
        });
      });
      return decision.finished ? {} : { requeueAfterMs: lookAgainMs };
    },
    watches: [
      { type: trials, map: seen.ofTrial },
      { type: hardwareProfiles, map: seen.ofProfile },
      { type: pods, options: { labels: { [labels.managedBy]: 'retune' } }, map: owner('Trial') },
    ],
  };
}
