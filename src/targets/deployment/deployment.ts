import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { deployments } from '../../runtime/cluster/core-types.ts';
import { admit } from '../admission.ts';
import { modelPatch, setModel } from '../set-model.ts';
import type { RolloutTarget, Workload } from '../target.ts';
import { ensurePair, observePair, presentDeployment, removePair } from './pair.ts';

/** A plain Deployment: canary and baseline are Deployments of one replica beside it, and its Services split by pods. */
export function deploymentTarget(cluster: Cluster, workload: Workload): RolloutTarget {
  const { key, reference: binding } = workload;
  return {
    observe: async () => (await observePair(cluster, workload))?.snapshot,

    async ensureCanary(modelUri) {
      const present = await presentDeployment(cluster, key);
      if (present) await ensurePair(cluster, present, binding, { modelUri, replicas: 1, gated: workload.gated });
    },

    async setWeight() {},

    admit: (pod, at) => admit(cluster, { namespace: key.namespace, name: pod }, at),

    removeCanary: () => removePair(cluster, key),

    async setModel(modelUri) {
      const present = await presentDeployment(cluster, key);
      if (present) await setModel(cluster, deployments, present, { binding, modelUri, lists: 'Keyed' });
    },

    async patch(modelUri) {
      const present = await presentDeployment(cluster, key);
      return present && modelPatch(present, { binding, modelUri, lists: 'Keyed' });
    },
  };
}
