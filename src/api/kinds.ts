import type { z } from 'zod';
import { apiVersion, group, version } from './common.ts';
import { HardwareProfileSpec, HardwareProfileStatus } from './hardware-profile.ts';
import { LatencySLASpec, LatencySLAStatus } from './latency-sla.ts';
import { NASSearchSpec, NASSearchStatus } from './nas-search.ts';
import { TrialSpec, TrialStatus } from './trial.ts';
import { VariantSpec, VariantStatus } from './variant.ts';

export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'date' | 'boolean';
  jsonPath: string;
  priority?: number;
}

/** Everything the API server and the tools need to know of one kind. */
export interface KindDefinition {
  group: string;
  version: string;
  apiVersion: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  namespaced: boolean;
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  columns: PrinterColumn[];
}

const condition = (name: string, type: string, field = 'status'): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].${field}`,
});
const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function define(kind: Omit<KindDefinition, 'group' | 'version' | 'apiVersion' | 'singular'>): KindDefinition {
  return { group, version, apiVersion, singular: kind.kind.toLowerCase(), ...kind };
}

export const kinds = {
  NASSearch: define({
    kind: 'NASSearch',
    plural: 'nassearches',
    shortNames: ['nas'],
    namespaced: true,
    description: 'A search for variants of a model, measured on the accelerators that will serve it.',
    spec: NASSearchSpec,
    status: NASSearchStatus,
    columns: [
      condition('Succeeded', 'Succeeded'),
      condition('Reason', 'Succeeded', 'reason'),
      { name: 'Trials', type: 'integer', jsonPath: '.status.trials.succeeded' },
      { name: 'Failed', type: 'integer', jsonPath: '.status.trials.failed' },
      { name: 'Recommended', type: 'string', jsonPath: '.status.accelerators[*].recommended' },
      age,
    ],
  }),
  Variant: define({
    kind: 'Variant',
    plural: 'variants',
    shortNames: ['var'],
    namespaced: true,
    description: 'One candidate of a search made real: an ONNX model, judged once.',
    spec: VariantSpec,
    status: VariantStatus,
    columns: [
      condition('Ready', 'Ready'),
      condition('Reason', 'Ready', 'reason'),
      { name: 'Precision', type: 'string', jsonPath: '.spec.candidate.precision' },
      { name: 'Quality', type: 'number', jsonPath: '.status.quality.value' },
      { name: 'Bytes', type: 'integer', jsonPath: '.status.artifact.sizeBytes' },
      age,
    ],
  }),
  Trial: define({
    kind: 'Trial',
    plural: 'trials',
    shortNames: ['tr'],
    namespaced: true,
    description: 'One variant measured on one accelerator.',
    spec: TrialSpec,
    status: TrialStatus,
    columns: [
      condition('Succeeded', 'Succeeded'),
      condition('Reason', 'Succeeded', 'reason'),
      { name: 'Accelerator', type: 'string', jsonPath: '.spec.accelerator' },
      { name: 'P50ms', type: 'number', jsonPath: '.status.latency.p50Ms' },
      { name: 'P99ms', type: 'number', jsonPath: '.status.latency.p99Ms' },
      { name: 'Ratio', type: 'number', jsonPath: '.status.ratio.value' },
      { name: 'Ops/byte', type: 'number', jsonPath: '.status.memory.opsPerByte', priority: 1 },
      { name: 'Bandwidth', type: 'number', jsonPath: '.status.memory.utilisation', priority: 1 },
      age,
    ],
  }),
  HardwareProfile: define({
    kind: 'HardwareProfile',
    plural: 'hardwareprofiles',
    shortNames: ['hw'],
    namespaced: false,
    description: 'One accelerator type of this cluster: the nodes that have it and what it can do.',
    spec: HardwareProfileSpec,
    status: HardwareProfileStatus,
    columns: [
      condition('Ready', 'Ready'),
      condition('Reason', 'Ready', 'reason'),
      { name: 'Nodes', type: 'integer', jsonPath: '.status.nodeCount' },
      condition('Probed', 'Probed'),
      { name: 'CPU', type: 'string', jsonPath: '.status.facts.cpuModel' },
      { name: 'Memory-GB/s', type: 'number', jsonPath: '.status.abilities.bandwidthGBps.memory' },
      { name: 'FP32-Gop/s', type: 'number', jsonPath: '.status.abilities.peakGops.fp32' },
      { name: 'INT8-Gop/s', type: 'number', jsonPath: '.status.abilities.peakGops.int8' },
      { name: 'Generation', type: 'integer', jsonPath: '.status.generation', priority: 1 },
      age,
    ],
  }),
  LatencySLA: define({
    kind: 'LatencySLA',
    plural: 'latencyslas',
    shortNames: ['sla'],
    namespaced: true,
    description: 'The latency that a served model owes, and what to do when it fails to keep it.',
    spec: LatencySLASpec,
    status: LatencySLAStatus,
    columns: [
      { name: 'Workload', type: 'string', jsonPath: '.spec.workloadRef.name' },
      { name: 'Target', type: 'string', jsonPath: '.spec.objective.threshold' },
      { name: 'Measured', type: 'number', jsonPath: '.status.measured.percentileMs' },
      { name: 'Verdict', type: 'string', jsonPath: '.status.verdict' },
      { name: 'Cause', type: 'string', jsonPath: '.status.cause' },
      { name: 'Variant', type: 'string', jsonPath: '.status.activeVariant' },
      { name: 'Rollout', type: 'string', jsonPath: '.status.rollout.step' },
      condition('Ready', 'Ready'),
      age,
    ],
  }),
} as const satisfies Record<string, KindDefinition>;

export type KindName = keyof typeof kinds;
