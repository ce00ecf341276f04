import { z } from 'zod';
import { Conditions, Digest, Duration, FileRef, Name, type Resource, Time } from './common.ts';

import { HardwareFacts, KernelKind } from './hardware-profile.ts';

/** Percentiles of one latency distribution in milliseconds; `p99Low..p99High` is the order-statistic 95% interval. */
export const LatencySummary = z.object({
  p50Ms: z.number(),
  p90Ms: z.number(),
  p99Ms: z.number(),
  p99LowMs: z.number(),
  p99HighMs: z.number(),
  meanMs: z.number(),
  samples: z.int(),
});
export type LatencySummary = z.infer<typeof LatencySummary>;

/** Candidate's median over the baseline's, measured interleaved in the same pod, with its confidence interval. */
export const Ratio = z.object({ value: z.number(), low: z.number(), high: z.number() });
export type Ratio = z.infer<typeof Ratio>;

/** The time in system when requests arrive at `ratePerSecond` at one replica. */
export const LoadPoint = z.object({
  ratePerSecond: z.number(),
  p50Ms: z.number().optional(),
  p99Ms: z.number(),
});
export type LoadPoint = z.infer<typeof LoadPoint>;

/** What one run of a variant is made of, by its graph as the engine fuses it and the sizes of its inputs. */
export const Work = z.object({
  macs: z.number().describe('Multiply-accumulates.'),
  bytesMoved: z.number().describe('Bytes that its operators read and write, weights included.'),
  weightBytes: z.number(),
  peakActivationBytes: z.number(),
  layers: z
    .array(z.object({ kind: KernelKind, macs: z.number() }))
    .max(8)
    .describe('Layers with weights, by kind.'),
  fits: z
    .object({ l1: z.number().optional(), l2: z.number().optional(), l3: z.number().optional() })
    .describe('The share of its operators whose working set fits each cache of the machine.'),
});
export type Work = z.infer<typeof Work>;

/** How near a trial comes to the memory wall (Williams et al. 2009, Roofline). */
export const MemoryWall = z.object({
  opsPerByte: z.number().describe('Arithmetic intensity: operations for each byte that is moved.'),
  movedGBps: z.number().describe('Bytes moved by the median run, over its time, in 10^9 a second.'),
  utilisation: z
    .number()
    .optional()
    .describe('That, as a share of the measured bandwidth of memory; above 1, caches serve what is moved.'),
});
export type MemoryWall = z.infer<typeof MemoryWall>;

export const TrialSpec = z.object({
  searchRef: z.object({ name: Name }),
  variantRef: z.object({ name: Name }),
  baselineRef: z.object({ name: Name }),
  accelerator: Name.describe('Name of the HardwareProfile to measure on.'),
  generation: z.int().min(1).default(1).describe('Of the HardwareProfile: what its machines were found to be.'),
  phase: z
    .object({ name: Name, inputs: FileRef })
    .optional()
    .describe('What is timed; the held-out inputs when left out.'),
  batchSize: z.int().min(1).max(4096),
  minSamples: z.int().min(100).max(1_000_000),
  maxMeasureTime: Duration,
});

export const TrialStatus = z.object({
  observedGeneration: z.int().optional(),
  attempts: z.int().optional().describe('Attempts that ended without a result.'),
  pod: Name.optional().describe('The pod of the present or last attempt.'),
  node: Name.optional(),
  stoppedEarly: z
    .boolean()
    .optional()
    .describe('Ended when it was certain to be slower than the baseline, and no more accurate; never on a front.'),
  latency: LatencySummary.optional(),
  baseline: LatencySummary.optional(),
  ratio: Ratio.optional(),
  loadCurve: z.array(LoadPoint).max(16).optional(),
  throughputPerSecond: z.number().optional(),
  peakMemoryBytes: z.number().optional(),
  work: Work.optional(),
  memory: MemoryWall.optional(),
  outputsAgree: z.boolean().optional().describe('Whether the outputs here equal the recorded ones.'),
  facts: HardwareFacts.optional().describe('The machine it was measured on.'),
  record: Digest.optional().describe('The full record, samples included, in the artifact store.'),
  podCreated: Time.optional(),
  finished: Time.optional(),
  measuredSeconds: z.number().optional().describe('Time spent purely measuring.'),
  overheadSeconds: z.number().optional().describe('From the creation of the pod to its result, less measuring.'),
  conditions: Conditions,
});

export type TrialSpec = z.infer<typeof TrialSpec>;
export type TrialStatus = z.infer<typeof TrialStatus>;
export type Trial = Resource<TrialSpec, TrialStatus>;
