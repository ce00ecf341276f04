import { z } from 'zod';
import { Precision } from './candidate.ts';
import { type Condition, Conditions, Digest, Name, type Resource, Time } from './common.ts';

export const HardwareProfileSpec = z.object({
  match: z
    .record(z.string().max(317), z.string().max(63))
    .describe('Node labels that a node of this accelerator type carries, all of them.'),
});

/** What `nvidia-smi` says of the GPU that a worker pod was given. */
export const GpuFacts = z.object({
  name: z.string().max(128),
  driver: z.string().max(32),
  computeCapability: z.string().max(8).describe('Major and minor, for example 9.0 of Hopper.'),
  memoryBytes: z.number(),
  partitioned: z.boolean().describe('Whether MIG is on: then this is one instance of it.'),
  maxClockMHz: z.object({ sm: z.number().optional(), memory: z.number().optional() }),
  powerLimitWatts: z.number().optional(),
});
export type GpuFacts = z.infer<typeof GpuFacts>;

/** What a probe inside a worker pod reads from the machine it runs on. */
export const HardwareFacts = z.object({
  cpuModel: z.string().max(128),
  instructionSets: z.array(z.string().max(32)).max(64),
  cores: z.int().describe('Processors this pod may run on.'),
  cpuLimit: z.number().optional().describe('The cgroup CPU limit in cores; absent without a limit.'),
  cacheBytes: z.object({ l1d: z.number().optional(), l2: z.number().optional(), l3: z.number().optional() }),
  engine: z
    .string()
    .max(64)
    .describe('Engine, version and what it runs on where that is no CPU, for example onnxruntime 1.30.0.'),
  gpu: GpuFacts.optional().describe('The GPU that models run on; absent where they run on the CPU.'),
});
export type HardwareFacts = z.infer<typeof HardwareFacts>;

/** Kinds of layers that engines have kernels of their own for. */
export const KernelKind = z.enum(['Conv', 'PointwiseConv', 'DepthwiseConv', 'MatMul', 'VectorMatMul']);
export type KernelKind = z.infer<typeof KernelKind>;

/** How fast layers of one kind are in a precision, FP32 included. */
export const KernelRate = z.object({
  kind: KernelKind,
  precision: Precision,
  ratio: z.number().describe('What they take, as a share of what they take in FP32.'),
  gops: z.number().describe('Operations in a second, in 10^9.'),
});
export type KernelRate = z.infer<typeof KernelRate>;

const Rates = z.object({
  l1: z.number().optional(),
  l2: z.number().optional(),
  l3: z.number().optional(),
  memory: z.number(),
});

/** What a probe measured of an accelerator type, with one thread or its GPU, on a node that it had alone. */
export const Abilities = z.object({
  bandwidthGBps: Rates.describe(
    'Bytes that a triad a[i] = b[i] + s*c[i] moves in a second, in 10^9, with arrays that fit each cache and with arrays that fit none (McCalpin, STREAM). Of a GPU, what additions of large tensors move in its own memory.',
  ),
  peakGops: z
    .object({ fp32: z.number(), int8: z.number(), fp16: z.number().optional() })
    .describe('Multiply-accumulates of a large matrix product in a second, in 10^9, times two.'),
  kernels: z.array(KernelRate).max(40),
  table: Digest.describe('Every operator and fused pattern that was timed, in the artifact store.'),
});
export type Abilities = z.infer<typeof Abilities>;

export const HardwareProfileStatus = z.object({
  observedGeneration: z.int().optional(),
  generation: z
    .int()
    .optional()
    .describe(
      'Counts what was found to be there: another engine, processor or cache starts the next, and trials of earlier ones count no more.',
    ),
  nodes: z.array(Name).max(100).optional().describe('Ready nodes of this type, the first hundred by name.'),
  nodeCount: z.int().optional(),
  allocatableCpu: z.string().max(16).optional().describe('The smallest allocatable CPU among its nodes.'),
  firstSeen: Time.optional(),
  stableSince: Time.optional().describe('Since when the set of nodes has been non-empty without a break.'),
  fingerprint: z.string().max(64).optional(),
  facts: HardwareFacts.optional(),
  abilities: Abilities.optional(),
  probe: z
    .object({
      count: z.int().describe('Probes that have ended, with a result or for good without one.'),
      image: z.string().max(512).optional().describe('The worker image of the last one.'),
      finished: Time.optional(),
    })
    .optional(),
  attempts: z.int().optional().describe('Attempts of the present probe that ended without a result.'),
  conditions: Conditions,
});

export type HardwareProfileSpec = z.infer<typeof HardwareProfileSpec>;
export type HardwareProfileStatus = z.infer<typeof HardwareProfileStatus>;
export type HardwareProfile = Resource<HardwareProfileSpec, HardwareProfileStatus>;
export type { Condition };
