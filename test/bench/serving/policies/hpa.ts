import { reconcileDeployment, type SimulatedCluster } from '../cluster.ts';
import type { MeasuredVariant } from '../front.ts';
import { isReady, type Pod, utilisation } from '../pods.ts';
import type { Policy } from '../simulate.ts';

const syncSeconds = 15;
const tolerance = 0.1;
const stabilisationSeconds = 300;
/** What the metrics server averages over, and the age of what it tells. */
const metricSeconds = 15;

/** Default scale-up policies: double, or four more, whichever is more, in fifteen seconds. */
const mostUpscale = (replicas: number) => Math.max(2 * replicas, replicas + 4);

/**
 * The replicas that the utilisation asks for. A pod without a whole metric window since it became ready counts as idle
 * when scaling up, and that must not turn the direction.
 */
export function desiredReplicas(pods: { utilisation: number; measured: boolean }[], target: number): number {
  const measured = pods.filter((pod) => pod.measured);
  if (measured.length === 0) return pods.length;
  const ratioOf = (among: number) => measured.reduce((sum, pod) => sum + pod.utilisation, 0) / among / target;
  const ratio = ratioOf(measured.length);
  if (Math.abs(ratio - 1) <= tolerance) return pods.length;
  if (measured.length === pods.length || ratio < 1) return Math.ceil(ratio * measured.length);
  const cautious = ratioOf(pods.length);
  if (cautious < 1 || Math.abs(cautious - 1) <= tolerance) return pods.length;
  return Math.max(pods.length, Math.ceil(cautious * pods.length));
}

/**
 * The HorizontalPodAutoscaler of Kubernetes (autoscaling/v2) on CPU utilisation with its defaults: a sync every 15 s,
 * ceil(current * utilisation / target) with a tolerance of 0.1, scale-down to the highest of what was wanted in the last
 * five minutes. Between the fixed number of replicas and the most that the conditions allow.
 */
export function horizontalPodAutoscaler(model: MeasuredVariant, target: number): Policy {
  let replicas = 0;
  let wanted: { second: number; replicas: number }[] = [];
  const scale = (cluster: SimulatedCluster, second: number) => {
    const { replicas: least, most } = cluster.conditions;
    const from = second - metricSeconds;
    const metric = (pod: Pod) => ({
      utilisation: utilisation(pod, from, second),
      measured: isReady(pod, 1000 * second) && pod.readyAtMs <= 1000 * from,
    });
    const desired = Math.min(
      most,
      mostUpscale(replicas),
      Math.max(least, desiredReplicas(cluster.pods.map(metric), target)),
    );
    wanted = [...wanted.filter((one) => one.second > second - stabilisationSeconds), { second, replicas: desired }];
    replicas = Math.max(desired, Math.min(replicas, Math.max(...wanted.map((one) => one.replicas))));
  };
  return {
    act(cluster, second) {
      if (second === 0) replicas = cluster.conditions.replicas;
      else if (second % syncSeconds === 0) scale(cluster, second);
      reconcileDeployment(cluster, { track: 'stable', model, replicas }, second);
    },
    switches: () => 0,
  };
}
