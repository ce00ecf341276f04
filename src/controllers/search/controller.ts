import { labels } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { type Controller, itself, owner, whenChanged } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { ensure, writeStatus } from '../shared/status.ts';
import { type WorkerSettings, workerPod } from '../shared/worker-pod.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';
import { checkPodName } from './model-check.ts';

export interface SearchOptions {
  cluster: Cluster;
  clock: Clock;
  worker: WorkerSettings;
}

/** What searches go by of a profile. Its nodes come and go, and all searches are too many to be looked at for that. */
const aspectOfProfile = ({ status }: HardwareProfile) => {
  const conditions = status?.conditions?.map(({ type, status: value }) => [type, value]);
  return [status?.generation, status?.abilities, conditions];
};
/** And of an SLA, whose status is another each time that production was looked at. */
const aspectOfSla = ({ spec, status }: LatencySLA) => [
  ...[spec.searchRef.name, spec.retune, spec.suspend],
  ...[status?.verdict === 'Violated', status?.retune?.search],
];

/** Proposes variants, has them measured on every accelerator, and keeps the front. */
export function searchController({ cluster, clock, worker: settings }: SearchOptions): Controller {
  const lookingPod = (search: NASSearch): Pod =>
    workerPod({
      ...{ owner: { ...search, kind: 'NASSearch' }, name: checkPodName(search), settings },
      ...{ task: { kind: 'Digest', model: search.spec.model }, worker: search.spec.worker },
      labels: { [labels.search]: search.metadata.name },
    });
  /** Whom new hardware concerns: every search is seen when this process starts. */
  const known = new Map<string, Key>();
  return {
    name: 'search',
    async reconcile(key) {
      const snapshot = await gather(cluster, key);
      const id = `${key.namespace}/${key.name}`;
      if (!snapshot) {
        known.delete(id);
        return {};
      }
      known.set(id, key);
      const decision = decide(snapshot, clock());
      // The start is in status before there are children: the time they may take counts from then.
      await writeStatus(cluster, nasSearches, snapshot.search, decision.status);
      for (const variant of decision.variants) await ensure(cluster, variants, variant);
      for (const trial of decision.trials) await ensure(cluster, trials, trial);
      if (decision.look === 'Start') await ensure(cluster, pods, lookingPod(snapshot.search));
      const { checkPod } = snapshot;
      // What it found is in status by now.
      if (decision.look === 'Remove' && checkPod) await cluster.delete(pods, checkPod.metadata);
      for (const event of decision.events) await cluster.emit(snapshot.search, event);
      return { requeueAfterMs: decision.requeueAfterMs };
    },
    watches: [
      { type: nasSearches, map: itself },
      { type: variants, map: owner('NASSearch') },
      { type: trials, map: owner('NASSearch') },
      { type: pods, options: { labels: { [labels.managedBy]: 'retune' } }, map: owner('NASSearch') },
      { type: hardwareProfiles, map: whenChanged(aspectOfProfile, () => [...known.values()]) },
      {
        type: latencySlas,
        map: whenChanged(aspectOfSla, ({ metadata: { namespace }, spec, status }): Key[] =>
          [spec.searchRef.name, status?.retune?.search].flatMap((name) => (name ? [{ namespace, name }] : [])),
        ),
      },
    ],
  };
}
