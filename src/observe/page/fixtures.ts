/** A search with everything that the page shows, made by a formula. For tests only. */
import type { Candidate, Precision } from '../../api/candidate.ts';
import { apiVersion, labels } from '../../api/common.ts';
import type { Abilities, HardwareProfile, KernelKind } from '../../api/hardware-profile.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { withDefaults } from '../../api/validate.ts';
import type { Variant } from '../../api/variant.ts';
import type { WorkPart } from '../../api/work.ts';
import { label } from '../../core/search/candidate.ts';
import { outcome } from '../../core/search/choice.ts';

export const startMs = Date.parse('2026-01-01T12:00:00Z');
export const timeOf = (seconds: number) => new Date(startMs + 1000 * seconds).toISOString();
const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string) => ({
  ...{ type, status, reason, message, lastTransitionTime: timeOf(0) },
});
const digest = `sha256:${'0'.repeat(64)}`;
const namespace = 'shop';

const rates: [KernelKind, number, number][] = [
  ['Conv', 48, 0.33],
  ['PointwiseConv', 55, 0.4],
  ['DepthwiseConv', 9, 1.3],
  ['MatMul', 60, 0.35],
  ['VectorMatMul', 11, 0.5],
];
const abilities: Abilities = {
  bandwidthGBps: { l1: 140, l2: 62, l3: 24, memory: 11 },
  peakGops: { fp32: 68, int8: 190 },
  kernels: rates.flatMap(([kind, gops, ratio]) => [
    { kind, precision: 'FP32' as const, ratio: 1, gops },
    { kind, precision: 'INT8Static' as const, ratio, gops: gops / ratio },
  ]),
  table: digest,
};

export const profile: HardwareProfile = {
  ...{ apiVersion, kind: 'HardwareProfile', metadata: { name: 'xeon-avx512' } },
  spec: { match: { 'node.kubernetes.io/instance-type': 'c6i.large' } },
  status: {
    ...{ generation: 2, nodes: ['node-a', 'node-b'], nodeCount: 2, abilities, stableSince: timeOf(0) },
    facts: {
      cpuModel: 'Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz',
      instructionSets: ['sse4_2', 'avx', 'avx2', 'fma', 'f16c', 'avx512f', 'avx512bw', 'avx512_vnni', 'rdtscp', 'aes'],
      ...{ cores: 2, cpuLimit: 2, engine: 'onnxruntime 1.30.0' },
      cacheBytes: { l1d: 48 * 1024, l2: 1.25 * 2 ** 20, l3: 54 * 2 ** 20 },
    },
    conditions: [
      condition('Ready', 'True', 'Stable', 'Two nodes have been ready for 10 minutes.'),
      condition('Probed', 'True', 'Measured', 'Measured on node-a.'),
    ],
  },
};

const precisions: Precision[] = ['FP32', 'INT8Static', 'INT8Dynamic'];
const candidateOf = (index: number): Candidate => ({
  dimensions: { depth: 4 - (index % 4), width: 16 + index, kernel: index % 2 ? 3 : 5 },
  precision: precisions[index % 3] ?? 'FP32',
  engine: { threads: 1, graphOptimization: 'All' },
});

/** How much of the base's work is left. */
const shareOf = (index: number) => (index === 0 ? 1 : 0.2 + 0.78 * ((index * 37) % 23) * (1 / 23));

function partsOf(index: number): WorkPart[] {
  const share = shareOf(index);
  const precision = candidateOf(index).precision;
  const conv = precision === 'INT8Dynamic' ? 'FP32' : precision;
  return [
    { kind: 'Conv', precision: conv, count: 12, macs: 210e6 * share, bytes: 9e6 * share },
    { kind: 'PointwiseConv', precision: conv, count: 16, macs: 120e6 * share, bytes: 14e6 * share },
    { kind: 'DepthwiseConv', precision: 'FP32', count: 8, macs: 9e6 * share, bytes: 5e6 * share },
    { kind: 'MatMul', precision, count: 1, macs: 1.3e6, bytes: 5.1e6 },
    { kind: 'Activation', count: 20, macs: 0, bytes: 11e6 * share },
    ...(precision === 'FP32' ? [] : [{ kind: 'Quantise' as const, count: 6, macs: 0, bytes: 3e6 }]),
  ];
}

const nameOf = (index: number) => (index === 0 ? 'orientation-base' : `orientation-v${index}`);
const ownedBy = { [labels.search]: 'orientation', [labels.managedBy]: 'retune' };

export function variantAt(index: number): Variant {
  const value = 0.982 - 0.06 * (1 - shareOf(index)) ** 1.5 - (candidateOf(index).precision === 'FP32' ? 0 : 0.004);
  return {
    ...{ apiVersion, kind: 'Variant', metadata: { name: nameOf(index), namespace, labels: ownedBy } },
    spec: {
      ...{ searchRef: { name: 'orientation' }, candidate: candidateOf(index), metric: 'Top1' },
      ...{ model: { uri: 'file:///models/orientation.onnx' }, heldout: { uri: 'file:///models/heldout.npz' } },
    },
    status: {
      artifact: { digest, uri: 'file:///artifacts/a', sizeBytes: Math.round(9e6 * shareOf(index)) },
      quality: { metric: 'Top1', value, low: value - 0.006, high: value + 0.005, samples: 2000 },
      conditions: [condition('Ready', 'True', 'Derived', 'Derived and judged.')],
    },
  };
}

export function trialAt(index: number): Trial {
  const parts = partsOf(index);
  const total = (pick: (part: WorkPart) => number) => parts.reduce((sum, part) => sum + pick(part), 0);
  const [macs, bytesMoved] = [total((part) => part.macs), total((part) => part.bytes)];
  const p50Ms = 1.2 + 11 * shareOf(index) * (candidateOf(index).precision === 'INT8Static' ? 0.45 : 1);
  const p99Ms = p50Ms * (1.12 + 0.02 * (index % 5));
  const latency = {
    ...{ p50Ms, p90Ms: p50Ms * 1.06, p99Ms, p99LowMs: p99Ms * 0.97, p99HighMs: p99Ms * 1.06 },
    ...{ meanMs: p50Ms * 1.02, samples: 1500 },
  };
  const ms = p99Ms * (1 + 0.12 * Math.sin(index * 2.1));
  return {
    ...{ apiVersion, kind: 'Trial', metadata: { name: `${nameOf(index)}-xeon`, namespace, labels: ownedBy } },
    spec: {
      ...{ searchRef: { name: 'orientation' }, variantRef: { name: nameOf(index) } },
      ...{ baselineRef: { name: nameOf(0) }, accelerator: profile.metadata.name, generation: 2 },
      ...(index > 3 && { expected: { ms, lowMs: ms * 0.85, highMs: ms * 1.15 } }),
      ...{ batchSize: 1, minSamples: 1000, maxMeasureTime: '60s' },
    },
    status: {
      ...{ latency, throughputPerSecond: 1000 / p50Ms, peakMemoryBytes: 60e6 * (0.5 + shareOf(index)) },
      ratio: { value: p50Ms / 12.2, low: p50Ms / 12.4, high: p50Ms / 12 },
      work: { macs, bytesMoved, weightBytes: 9e6, peakActivationBytes: 3e6, parts, fits: { l2: 0.7 } },
      memory: { opsPerByte: (2 * macs) / bytesMoved, movedGBps: bytesMoved / p50Ms / 1e6, utilisation: 0.4 },
      ...{ outputsAgree: true, finished: timeOf(60 * index) },
      conditions: [condition('Succeeded', 'True', 'Measured', 'Measured beside the base.')],
    },
  };
}

/** A search of `count` measured variants, the base among them, and one that could not be derived. */
export function example(count: number): { search: NASSearch; variants: Variant[]; trials: Trial[] } {
  const indices = Array.from({ length: count }, (_, index) => index);
  const [variants, trials] = [indices.map(variantAt), indices.map(trialAt)];
  const measured = variants.flatMap(({ metadata, spec, status }, i) => {
    const latency = trials[i]?.status?.latency;
    if (!status?.quality || !status.artifact || !latency) return [];
    const { p50Ms, p99Ms, p99LowMs, p99HighMs } = latency;
    const told = { variant: metadata.name, label: label(spec.candidate), sizeBytes: status.artifact.sizeBytes };
    const ms = { p50Ms, p99Ms, p99LowMs, p99HighMs, latencyMs: p99Ms, latencyHighMs: p99HighMs };
    return [{ ...told, ...ms, quality: status.quality, outputsAgree: true }];
  });
  const found = outcome(measured, { quality: { floor: 0.95 }, thresholdMs: 8 }, nameOf(0));
  const search = withDefaults({
    ...{ apiVersion, kind: 'NASSearch' },
    metadata: { name: 'orientation', namespace, creationTimestamp: timeOf(0) },
    spec: {
      model: { uri: 'file:///models/orientation.onnx' },
      data: { heldout: { uri: 'file:///models/heldout.npz' } },
      quality: { metric: 'Top1', floor: '95%' },
      latency: { threshold: '8ms' },
      budget: { maxVariants: Math.max(1, count) },
    },
  } as unknown as NASSearch);
  const broken = variantAt(count + 1);
  const failed = condition('Ready', 'False', 'DeriveFailed', 'layer <conv7> has 3 channels: a block wants 8');
  search.status = {
    ...{ base: nameOf(0), started: timeOf(0), variants: { ready: count, failed: 1, pending: 2 } },
    trials: { succeeded: count, failed: 0, running: 1, pending: 1 },
    accelerators: [
      {
        ...{ name: profile.metadata.name, generation: 2, trials: count, skipped: 4, metric: 'Top1', ...found },
        narrowed: [{ choice: 'INT8Dynamic', reason: '4.1 times what FP32 takes here: depthwise convolutions' }],
      },
    ],
    conditions: [condition('Succeeded', 'Unknown', 'Searching', `${count} variants are measured, 2 are being made.`)],
  };
  return { search, variants: [...variants, { ...broken, status: { conditions: [failed] } }], trials };
}

/** An SLA that was violated by load, and met again after a rollout. */
export function slaExample(name = 'web', measuredMs = 31): LatencySLA {
  const sla = withDefaults({
    ...{ apiVersion, kind: 'LatencySLA', metadata: { name, namespace, creationTimestamp: timeOf(0) } },
    spec: {
      ...{ workloadRef: { name }, searchRef: { name: 'orientation' }, source: { scrape: {} } },
      objective: { percentile: 'P99', threshold: '50ms' },
    },
  } as unknown as LatencySLA);
  const violated = measuredMs > 50;
  sla.status = {
    ...{ verdict: violated ? 'Violated' : 'Met', cause: violated ? 'Load' : 'None', threshold: '50ms' },
    ...{ accelerator: profile.metadata.name, activeVariant: nameOf(5), lastRollout: timeOf(180) },
    measured: {
      ...{ percentileMs: measuredMs, samples: 900, ratePerSecond: 30.2, replicas: 2, at: timeOf(290) },
      ...{ overThreshold: violated ? 0.4 : 0.002, burnRate: violated ? 40 : 0.2 },
    },
    history: [
      { at: timeOf(0), event: 'Verdict', reason: 'Met', message: 'p99 is 22 ms of 50 ms' },
      { at: timeOf(80), event: 'Verdict', reason: 'ViolatedLoad', message: 'p99 is 310 ms of 50 ms: 45 requests/s' },
      { at: timeOf(130), event: 'RolloutStarted', reason: 'Load', message: `${nameOf(5)} keeps 50 ms at this load` },
      { at: timeOf(180), event: 'Promoted', reason: 'CanaryBetter', message: 'p99 12 ms against 290 ms' },
      { at: timeOf(200), event: 'Verdict', reason: 'Met', message: 'p99 is 31 ms of 50 ms' },
    ],
    conditions: [
      condition('Met', violated ? 'False' : 'True', violated ? 'Violated' : 'Met', `p99 is ${measuredMs} ms of 50 ms`),
    ],
  };
  return sla;
}

/** What was read of it meanwhile, a reading each five seconds. */
export const readingsExample = Array.from({ length: 59 }, (_, i) => {
  const seconds = i * 5;
  const pressed = seconds > 75 && seconds < 185;
  const percentileMs = pressed ? 250 + 60 * Math.sin(i) : 24 + 5 * Math.sin(i);
  return { at: timeOf(seconds), percentileMs: i === 30 ? undefined : percentileMs, ratePerSecond: pressed ? 45 : 30 };
});
