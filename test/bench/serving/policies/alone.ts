import { reconcileDeployment } from '../cluster.ts';
import type { MeasuredVariant } from '../front.ts';
import type { Policy } from '../simulate.ts';

/** One model on the fixed number of replicas, whatever comes. */
export const alone = (model: MeasuredVariant): Policy => ({
  act(cluster, second) {
    reconcileDeployment(cluster, { track: 'stable', model, replicas: cluster.conditions.replicas }, second);
  },
  switches: () => 0,
});
