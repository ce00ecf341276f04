import { lossOf } from '../../../src/core/quality/metric.ts';
import { type Conditions, routed, type SimulatedCluster, simulatedCluster } from './cluster.ts';
import type { MeasuredVariant } from './front.ts';
import { take } from './pods.ts';
import type { Trace } from './traces.ts';

/** A way of keeping an SLA. It is asked at the start of every second, from 0 on, and decides by itself how often to act. */
export interface Policy {
  act(cluster: SimulatedCluster, second: number): void;
  /** How often it put another model in front of users. */
  switches(): number;
}

export interface Outcome {
  requests: number;
  /** Share of requests that were slower than the threshold, or turned away. */
  slowShare: number;
  /** Share of thirty-second windows, by arrival, in which more than 1% of the requests were slow. */
  violatedShare: number;
  windows: number;
  violatedWindows: number;
  /** Mean over the answered requests, in points of the metric below the base model. */
  qualityLostPoints: number;
  replicaSeconds: number;
  switches: number;
}

const windowSeconds = 30;
const allowed = 0.01;

/** Serves a trace under a policy. `onAnswer` sees every time in system, undefined for those turned away. */
export function simulate(
  trace: Trace,
  policy: Policy,
  conditions: Conditions,
  base: MeasuredVariant,
  onAnswer: (latencyMs: number | undefined) => void = () => undefined,
): Outcome {
  const cluster = simulatedCluster(conditions);
  const windows = Array.from({ length: Math.ceil(trace.seconds / windowSeconds) }, () => ({ all: 0, slow: 0 }));
  let [next, answered, lostPoints, replicaSeconds] = [0, 0, 0, 0];
  for (let second = 0; second < trace.seconds; second++) {
    policy.act(cluster, second);
    replicaSeconds += cluster.pods.length;
    const window = windows[Math.floor(second / windowSeconds)] ?? { all: 0, slow: 0 };
    const first = next;
    for (; next < trace.atMs.length && (trace.atMs[next] ?? 0) < 1000 * (second + 1); next++) {
      const atMs = trace.atMs[next] ?? 0;
      const pod = routed(cluster, atMs, trace.route[next] ?? 0);
      const latencyMs = pod && take(pod, atMs, trace.hardness[next] ?? 0, conditions.patienceMs);
      window.all++;
      if (latencyMs === undefined || latencyMs > conditions.thresholdMs) window.slow++;
      if (pod && latencyMs !== undefined) {
        answered++;
        lostPoints += 100 * (lossOf(pod.model.quality) - lossOf(base.quality));
      }
      onAnswer(latencyMs);
    }
    cluster.arrived[second] = next - first;
  }
  const violatedWindows = windows.filter(({ all, slow }) => slow > allowed * all).length;
  return {
    requests: next,
    slowShare: windows.reduce((sum, { slow }) => sum + slow, 0) / Math.max(1, next),
    ...{ violatedShare: violatedWindows / windows.length, windows: windows.length, violatedWindows },
    qualityLostPoints: lostPoints / Math.max(1, answered),
    ...{ replicaSeconds, switches: policy.switches() },
  };
}
