import { apiVersion, labels } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import { hardwareProfiles, trials } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import { acceleratorType, defaultLabelKeys } from '../../core/hardware/labels.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { nodes, type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { type Controller, itself, owner } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { ensure, writeStatus } from '../shared/status.ts';
import { type WorkerSettings, workerPod } from '../shared/worker-pod.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';
import { Machines } from './met.ts';

export interface HardwareOptions {
  cluster: Cluster;
  clock: Clock;
  worker: WorkerSettings;
  /** How long nodes of a type must be there on end before it counts. */
  holdDownMs: number;
  /** Node labels that name accelerator types, most telling first. */
  labelKeys?: readonly string[];
}

/** One core, and room for arrays that fit no cache. */
const probeWorker = { cpu: '1', memory: '1Gi', deadline: '5m' };

/** Nodes become profiles of accelerator types, each probed once it is there for good. Its keys are names of profiles. */
export function hardwareController(options: HardwareOptions): Controller {
  const { cluster, clock, worker: settings, holdDownMs, labelKeys = defaultLabelKeys } = options;
  const { namespace, image } = settings;
  const machines = new Machines();

  function podOf(profile: HardwareProfile, name: string): Pod {
    const owner = { ...profile, kind: 'HardwareProfile', metadata: { ...profile.metadata, namespace } };
    const own = { [labels.accelerator]: profile.metadata.name.slice(0, 63) };
    const task = { kind: 'Probe' } as const;
    return workerPod({
      ...{ owner, name, task, worker: probeWorker, settings, nodeLabels: profile.spec.match, labels: own },
      accelerator: profile.metadata.name,
    });
  }

  return {
    name: 'hardware',
    async reconcile({ name }) {
      const snapshot = await gather(cluster, name, labelKeys, namespace, machines.of(name));
      const decision = decide(snapshot, { holdDownMs, image }, clock());
      const { create, status, start, over, events, requeueAfterMs } = decision;
      if (create) {
        const made: HardwareProfile = {
          apiVersion,
          kind: 'HardwareProfile',
          metadata: { name },
          spec: { match: create },
        };
        await ensure(cluster, hardwareProfiles, made);
      }
      const { profile, pod } = snapshot;
      if (!profile || !status) return { requeueAfterMs };
      await writeStatus(cluster, hardwareProfiles, profile, status);
      for (const event of events) await cluster.emit(profile, event);
      if (start) await ensure(cluster, pods, podOf(profile, start));
      // The result, or that there is none, is in status by now.
      const ended = over || (status.attempts ?? 0) !== (profile.status?.attempts ?? 0);
      if (pod && ended && !pod.metadata.deletionTimestamp) await cluster.delete(pods, pod.metadata);
      return { requeueAfterMs };
    },
    watches: [
      { type: hardwareProfiles, map: itself },
      { type: trials, map: (trial: Trial) => (machines.see(trial) ? [{ name: trial.spec.accelerator }] : []) },
      {
        type: pods,
        options: { labels: { [labels.managedBy]: 'retune' } },
        map: (pod) => owner('HardwareProfile')(pod).map((key) => ({ name: key.name })),
      },
      {
        type: nodes,
        map: ({ metadata }) => {
          const type = acceleratorType(metadata.labels ?? {}, labelKeys);
          return type ? [{ name: type.name }] : [];
        },
      },
    ],
  };
}
