import { z } from 'zod';
import { Challenge } from './challenge.ts';
import { Conditions, Digest, Duration, FileRef, Name, type Resource, Time } from './common.ts';
import { HardwareFacts } from './hardware-profile.ts';
import { MemoryWall, Work } from './work.ts';

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

/** Where each percentile that a search or an SLA may ask for stands in a summary. */
export const latencyField = { P50: 'p50Ms', P90: 'p90Ms', P99: 'p99Ms' } as const;

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
  expected: z
    .object({ ms: z.number(), lowMs: z.number(), highMs: z.number() })
    .optional()
    .describe(
      'What was forecast before it was measured, of the percentile that the search asks for: its median and 90% interval.',
    ),
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
  challenge: Challenge.optional().describe(
    'What a server of the variant on this accelerator is asked before it gets requests (spec.rollout.answers of a LatencySLA), and the right answer.',
  ),
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
