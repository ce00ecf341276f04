import { z } from 'zod';
import { type Condition, Conditions, Name, type Resource, Time } from './common.ts';

export const HardwareProfileSpec = z.object({
  match: z
    .record(z.string().max(317), z.string().max(63))
    .describe('Node labels that a node of this accelerator type carries, all of them.'),
});

/** What a probe inside a worker pod reads from the machine it runs on. */
export const HardwareFacts = z.object({
  cpuModel: z.string().max(128),
  instructionSets: z.array(z.string().max(32)).max(64),
  cores: z.int().describe('Processors this pod may run on.'),
  cpuLimit: z.number().optional().describe('The cgroup CPU limit in cores; absent without a limit.'),
  cacheBytes: z.object({ l1d: z.number().optional(), l2: z.number().optional(), l3: z.number().optional() }),
  engine: z.string().max(64).describe('Engine and version, for example onnxruntime 1.30.0.'),
});
export type HardwareFacts = z.infer<typeof HardwareFacts>;

export const HardwareProfileStatus = z.object({
  observedGeneration: z.int().optional(),
  nodes: z.array(Name).max(100).optional().describe('Ready nodes of this type, the first hundred by name.'),
  nodeCount: z.int().optional(),
  allocatableCpu: z.string().max(16).optional().describe('The smallest allocatable CPU among its nodes.'),
  firstSeen: Time.optional(),
  stableSince: Time.optional().describe('Since when the set of nodes has been non-empty without a break.'),
  fingerprint: z.string().max(64).optional(),
  facts: HardwareFacts.optional(),
  conditions: Conditions,
});

export type HardwareProfileSpec = z.infer<typeof HardwareProfileSpec>;
export type HardwareProfileStatus = z.infer<typeof HardwareProfileStatus>;
export type HardwareProfile = Resource<HardwareProfileSpec, HardwareProfileStatus>;
export type { Condition };
