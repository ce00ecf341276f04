import { apiVersion } from '../../api/common.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import { withDefaults } from '../../api/validate.ts';
import type { Reading } from '../../sources/source.ts';
import type { TargetPod } from '../../targets/target.ts';
import type { SlaSnapshot } from './gather.ts';

/** Snapshots that start valid and in good order; a scenario changes one thing. For tests only. */

export const nowMs = Date.parse('2026-01-01T12:00:00Z');
export const baseUri = 'file:///models/base.onnx';
export const uriOf = (variant: string) => `file:///artifacts/${variant}`;
export const digestOf = (variant: string) =>
  `sha256:${[...new TextEncoder().encode(variant)]
    .map((byte) => byte.toString(16))
    .join('')
    .padEnd(64, '0')}`;

export function anSla(spec: Partial<LatencySLA['spec']> = {}, status?: LatencySLA['status']): LatencySLA {
  return {
    ...withDefaults({
      apiVersion,
      kind: 'LatencySLA',
      metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1 },
      spec: {
        workloadRef: { name: 'web' },
        searchRef: { name: 'search' },
        objective: { threshold: '50ms' },
        source: { scrape: {} },
        ...spec,
      } as unknown as LatencySLA['spec'],
    }),
    status,
  };
}

/** A window of 30 s in which `slow` of `count` requests took 60 to 100 ms and the others up to 25. */
export function aReading(count: number, slow: number): Reading {
  const fast = count - slow;
  return {
    kind: 'Histogram',
    seconds: 30,
    histogram: { bounds: [25, 60, 100, Number.POSITIVE_INFINITY], counts: [fast, fast, count, count] },
  };
}

const condition = (type: string, reason: string) => ({
  type,
  status: 'True' as const,
  reason,
  message: '',
  lastTransitionTime: '2026-01-01T11:00:00Z',
});

function measured(variant: string, quality: number, p99Ms: number, capacity: number) {
  const metadata = { name: variant, namespace: 'default' };
  const searchRef = { name: 'search' };
  return {
    variant: {
      apiVersion,
      kind: 'Variant',
      metadata,
      spec: {} as never,
      status: {
        artifact: { digest: digestOf(variant), uri: uriOf(variant), sizeBytes: 1000 },
        quality: { metric: 'Top1' as const, value: quality, low: quality, high: quality, samples: 2000 },
        conditions: [condition('Ready', 'Derived')],
      },
    },
    trial: {
      apiVersion,
      kind: 'Trial',
      metadata: { ...metadata, name: `${variant}-cpu` },
      spec: {
        searchRef,
        variantRef: { name: variant },
        baselineRef: { name: 'base' },
        accelerator: 'cpu',
        generation: 1,
        batchSize: 32,
        minSamples: 1000,
        maxMeasureTime: '10s',
      },
      status: {
        latency: { p50Ms: p99Ms, p90Ms: p99Ms, p99Ms, p99LowMs: p99Ms, p99HighMs: p99Ms, meanMs: p99Ms, samples: 1000 },
        loadCurve: [
          { ratePerSecond: capacity / 2, p50Ms: p99Ms, p99Ms: 2 * p99Ms },
          { ratePerSecond: capacity, p50Ms: 10 * p99Ms, p99Ms: 20 * p99Ms },
        ],
        outputsAgree: true,
        conditions: [condition('Succeeded', 'Measured')],
      },
    },
  };
}

const pod: TargetPod = { name: 'web-1', track: 'stable', address: '10.0.0.1', node: 'node-a', ready: true };

/** One replica serves the base model on node-a; a finished search has `base` and a faster, less accurate `small`. */
export function aSnapshot(change: Partial<SlaSnapshot> = {}): SlaSnapshot {
  const all = [measured('base', 0.98, 12, 70), measured('small', 0.96, 2, 400)];
  return {
    sla: anSla(),
    workload: {
      kind: 'Found',
      target: {
        key: { namespace: 'default', name: 'web' },
        uid: 'd1',
        container: 'server',
        replicas: 1,
        tracks: { stable: { modelUri: baseUri, settled: true } },
        pods: [pod],
      },
    },
    search: {
      apiVersion,
      kind: 'NASSearch',
      metadata: { name: 'search', namespace: 'default' },
      spec: withDefaults({
        apiVersion,
        kind: 'NASSearch',
        metadata: { name: 'search' },
        spec: { model: { uri: baseUri }, data: { heldout: { uri: 'file:///d.npz' } } },
      }).spec as never,
      status: { base: 'base', conditions: [condition('Succeeded', 'Completed')] },
    },
    variants: all.map(({ variant }) => variant),
    trials: all.map(({ trial }) => trial),
    profiles: [
      {
        apiVersion,
        kind: 'HardwareProfile',
        metadata: { name: 'cpu' },
        spec: { match: {} },
        status: { nodes: ['node-a'] },
      },
    ],
    production: aReading(300, 0),
    ...change,
  };
}
