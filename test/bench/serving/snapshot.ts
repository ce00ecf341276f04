import { apiVersion } from '../../../src/api/common.ts';
import type { LatencySLA, LatencySLAStatus } from '../../../src/api/latency-sla.ts';
import { withDefaults } from '../../../src/api/validate.ts';
import type { SlaSnapshot } from '../../../src/controllers/sla/gather.ts';
import { drainMs } from '../../../src/core/rollout/canary.ts';
import type { Reading } from '../../../src/sources/source.ts';
import type { SimulatedCluster } from './cluster.ts';
import { digestOf, uriOf } from './finalist.ts';
import type { Front, MeasuredVariant } from './front.ts';
import { histogramOf, isReady, type Pod, type Track } from './pods.ts';

const condition = (type: string) => ({
  ...{ type, status: 'True' as const, reason: 'Measured', message: '' },
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const accelerator = 'simulated';
const node = 'node-1';

/** The SLA with every default, and the finished search that it names: what does not change while a trace is served. */
export function fixtures(front: Front, thresholdMs: number, maxDrop: string) {
  const sla: LatencySLA = withDefaults({
    apiVersion,
    kind: 'LatencySLA',
    metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1 },
    spec: {
      workloadRef: { name: 'web' },
      searchRef: { name: 'search' },
      objective: { threshold: `${thresholdMs}ms` },
      source: { scrape: {} },
    } as unknown as LatencySLA['spec'],
  });
  const names = { namespace: 'default' };
  const search = withDefaults({
    ...{ apiVersion, kind: 'NASSearch', metadata: { ...names, name: 'search' } },
    spec: { model: { uri: 'file:///base.onnx' }, data: { heldout: { uri: 'file:///d.npz' } }, quality: { maxDrop } },
  } as unknown as NonNullable<SlaSnapshot['search']>);
  const searchRef = { name: 'search' };
  const variants = front.variants.map((model) => ({
    ...{ apiVersion, kind: 'Variant', metadata: { ...names, name: model.variant }, spec: {} as never },
    status: {
      artifact: { digest: digestOf(model), uri: uriOf(model), sizeBytes: 1 },
      quality: model.quality,
      conditions: [condition('Ready')],
    },
  }));
  const trials = front.variants.map(({ variant, p50Ms, p99Ms, meanMs, loadCurve }) => ({
    ...{ apiVersion, kind: 'Trial', metadata: { ...names, name: `${variant}-trial` } },
    spec: { searchRef, variantRef: { name: variant }, baselineRef: { name: front.base }, accelerator } as never,
    status: {
      latency: { p50Ms, p90Ms: p99Ms, p99Ms, p99LowMs: p99Ms, p99HighMs: p99Ms, meanMs, samples: 1000 },
      ...{ loadCurve, outputsAgree: true, conditions: [condition('Succeeded')] },
    },
  }));
  const profiles = [
    {
      apiVersion,
      kind: 'HardwareProfile',
      metadata: { name: accelerator },
      spec: { match: {} },
      status: { nodes: [node] },
    },
  ];
  return {
    sla,
    search: { ...search, status: { base: front.base, conditions: [condition('Succeeded')] } },
    variants,
    trials,
    profiles,
  };
}
export type Fixtures = ReturnType<typeof fixtures>;

/** What a rollout target would observe of the simulated Deployment. */
export interface Observed {
  status: LatencySLAStatus | undefined;
  stable: MeasuredVariant;
  replicas: number;
  settled: boolean;
}

function reading(pods: Pod[], from: number, to: number): Reading {
  return { kind: 'Histogram', histogram: histogramOf(pods, from, to), seconds: Math.max(1, to - Math.max(0, from)) };
}

const windowSeconds = 30;

/** The snapshot that the controller would gather at the start of this second. */
export function snapshotOf(
  fixed: Fixtures,
  cluster: SimulatedCluster,
  seen: Observed,
  second: number,
  startMs: number,
): SlaSnapshot {
  const of = (track: Track) => cluster.pods.filter((pod) => pod.track === track);
  const beside = (track: Track) => {
    const [pod] = of(track);
    return pod && { modelUri: uriOf(pod.model), settled: isReady(pod, 1000 * second) };
  };
  const { rollout } = seen.status ?? {};
  const comparedSince = rollout?.step === 'Comparing' ? (Date.parse(rollout.stepSince) - startMs) / 1000 : undefined;
  const compared = (track: Track) =>
    comparedSince === undefined ? undefined : reading(of(track), Math.min(second - 1, comparedSince), second);
  const aloneSince = rollout?.step === 'Proving' ? (Date.parse(rollout.stepSince) - startMs + drainMs) / 1000 : second;
  const stable = { modelUri: uriOf(seen.stable), settled: seen.settled };
  return {
    ...fixed,
    sla: { ...fixed.sla, status: seen.status },
    workload: {
      kind: 'Found',
      target: {
        ...{ key: { namespace: 'default', name: 'web' }, uid: 'd1', container: 'server', replicas: seen.replicas },
        inPlace: false,
        tracks: { stable, canary: beside('canary'), baseline: beside('baseline') },
        pods: cluster.pods.map((pod) => ({
          ...{ name: pod.name, track: pod.track, address: '10.0.0.1', node },
          ready: isReady(pod, 1000 * second),
        })),
      },
    },
    production: reading([...cluster.pods], second - windowSeconds, second),
    recent: reading([...cluster.pods], second - windowSeconds / 3, second),
    canary: compared('canary'),
    baseline: compared('baseline'),
    alone: aloneSince < second ? reading(of('stable'), aloneSince, second) : undefined,
  };
}
