import { apiVersion } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import { hardwareProfiles } from '../../api/resources.ts';
import { acceleratorType, defaultLabelKeys } from '../../core/hardware/labels.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { nodes } from '../../runtime/cluster/core-types.ts';
import { type Controller, itself } from '../../runtime/controller.ts';
import type { Clock } from '../../runtime/reconcile.ts';
import { ensure, writeStatus } from '../shared/status.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';

export interface HardwareOptions {
  cluster: Cluster;
  clock: Clock;
  /** How long nodes of a type must be there on end before it counts. */
  holdDownMs: number;
  /** Node labels that name accelerator types, most telling first. */
  labelKeys?: readonly string[];
}

/** Nodes become profiles of accelerator types. Its keys are names of profiles. */
export function hardwareController(options: HardwareOptions): Controller {
  const { cluster, clock, holdDownMs, labelKeys = defaultLabelKeys } = options;
  return {
    name: 'hardware',
    async reconcile({ name }) {
      const snapshot = await gather(cluster, name, labelKeys);
      const { create, status, events, requeueAfterMs } = decide(snapshot, holdDownMs, clock());
      if (create) {
        const profile: HardwareProfile = {
          apiVersion,
          kind: 'HardwareProfile',
          metadata: { name },
          spec: { match: create },
        };
        await ensure(cluster, hardwareProfiles, profile);
      }
      if (snapshot.profile && status) {
        await writeStatus(cluster, hardwareProfiles, snapshot.profile, status);
        for (const event of events) await cluster.emit(snapshot.profile, event);
      }
      return { requeueAfterMs };
    },
    watches: [
      { type: hardwareProfiles, map: itself },
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
