import type { MeasuredVariant } from './front.ts';
import { aPod, isReady, type Pod, type Track } from './pods.ts';

/** How the simulated cluster is; the same for every policy. */
export interface Conditions {
  thresholdMs: number;
  /** Replicas of those policies that do not scale. */
  replicas: number;
  /** The most replicas that a policy may choose to run. */
  most: number;
  /** Places for pods, those that come and go in a rollout included. */
  places: number;
  /** From the creation of a pod to its first request. */
  startSeconds: number;
  /** A request that would wait longer is turned away, and counts as slow. */
  patienceMs: number;
}

/** Pods and who gets the requests. Policies create and stop pods; the simulation routes. */
export interface SimulatedCluster {
  readonly conditions: Conditions;
  readonly pods: readonly Pod[];
  /** Requests that arrived in each second so far. */
  readonly arrived: number[];
  /** Relative share of the requests that a pod gets; 1 for all where undefined, as a Service does. */
  weight?: (pod: Pod) => number;
  /** Creates a pod; false when there is no place. Ready at once in second 0. */
  start(track: Track, model: MeasuredVariant, second: number): boolean;
  /** Takes a pod out of the requests; what it has taken it still answers. */
  stop(pod: Pod): void;
}

export function simulatedCluster(conditions: Conditions): SimulatedCluster {
  let pods: Pod[] = [];
  let made = 0;
  return {
    conditions,
    get pods() {
      return pods;
    },
    arrived: [],
    start(track, model, second) {
      if (pods.length >= conditions.places) return false;
      const readyAtMs = second === 0 ? 0 : 1000 * (second + conditions.startSeconds);
      pods = [...pods, aPod(`pod-${made++}`, track, model, readyAtMs)];
      return true;
    },
    stop(pod) {
      pods = pods.filter((other) => other !== pod);
    },
  };
}

/** The pod that a request goes to, given a number in [0, 1); undefined when none is ready. */
export function routed({ pods, weight }: SimulatedCluster, atMs: number, route: number): Pod | undefined {
  const ready = pods.filter((pod) => isReady(pod, atMs));
  if (!weight) return ready[Math.floor(route * ready.length)];
  let left = route * ready.reduce((sum, pod) => sum + weight(pod), 0);
  for (const pod of ready) {
    left -= weight(pod);
    if (left < 0) return pod;
  }
  return ready[0];
}

/**
 * One step of a Deployment towards `replicas` pods with `model`, as with its default strategy and up to three
 * replicas: one more than wanted may be there, none less than wanted may be ready. Call it every second.
 */
export function reconcileDeployment(
  cluster: SimulatedCluster,
  wanted: { track: Track; model: MeasuredVariant; replicas: number },
  second: number,
): void {
  const { track, model, replicas } = wanted;
  const mine = () => cluster.pods.filter((pod) => pod.track === track);
  const current = () => mine().filter((pod) => pod.model === model);
  const old = () => mine().filter((pod) => pod.model !== model);
  const surge = Math.max(1, Math.ceil(replicas / 4));
  while (current().length < replicas && mine().length < replicas + (old().length > 0 ? surge : 0)) {
    if (!cluster.start(track, model, second)) break;
  }
  const ready = () => mine().filter((pod) => isReady(pod, 1000 * second)).length;
  for (const pod of old()) {
    if (!isReady(pod, 1000 * second) || ready() > replicas) cluster.stop(pod);
  }
  for (const pod of current().slice(replicas)) cluster.stop(pod);
}

/** Whether a Deployment has come to what is wanted, and all of it is ready. */
export function isSettled(
  { pods }: SimulatedCluster,
  { track, model, replicas }: { track: Track; model: MeasuredVariant; replicas: number },
  second: number,
): boolean {
  const mine = pods.filter((pod) => pod.track === track);
  return mine.length === replicas && mine.every((pod) => pod.model === model && isReady(pod, 1000 * second));
}
