import { z } from 'zod';
import { Analyse } from './analysis.ts';
import { Candidate } from './candidate.ts';
import { Challenge } from './challenge.ts';
import { Digest, FileRef } from './common.ts';
import { Abilities, HardwareFacts } from './hardware-profile.ts';
import { VariantTrainer } from './trainer.ts';
import { LatencySummary, LoadPoint, Ratio } from './trial.ts';
import { Artifact, Dimensions, judging, PrecisionsExpected, Quality, QualityMetric } from './variant.ts';
import { Work, WorkPart } from './work.ts';

/**
 * What an operator asks of a worker pod, in the environment variable RETUNE_TASK as JSON, and what the pod answers in
 * its termination message (at most 4 KiB). The same contract holds for child processes.
 */
export const DeriveTask = z.object({
  kind: z.literal('Derive'),
  model: FileRef,
  modelDigest: Digest.optional().describe('What the model must be, with the files that its weights lie in.'),
  supernet: FileRef.optional(),
  calibration: FileRef.optional(),
  heldout: FileRef,
  ...judging,
  metric: QualityMetric,
  commandLimitMs: z.number().optional().describe('How long spec.quality.command may take.'),
  baseline: z
    .object({ digest: Digest, outputs: Digest.optional() })
    .optional()
    .describe('The base variant and what was recorded of it; a base variant has none and is compared with the model.'),
  candidate: Candidate,
  batchSize: z.int().min(1).optional().describe('Inputs in one request.'),
  analysis: Digest.optional(),
  analyse: Analyse.optional(),
  trainer: VariantTrainer.extend({
    ended: z.boolean().optional().describe('It has run in a container of its own, after a Prepare of the same task.'),
  }).optional(),
});
export type DeriveTask = z.infer<typeof DeriveTask>;

/** Writes what a trainer's container is given into the working folder of its pod. */
export const PrepareTask = DeriveTask.extend({ kind: z.literal('Prepare') });
export type PrepareTask = z.infer<typeof PrepareTask>;

export const MeasureTask = z.object({
  kind: z.literal('Measure'),
  candidate: z.object({ digest: Digest }),
  baseline: z.object({ digest: Digest }),
  outputs: Digest.optional().describe("The candidate's recorded outputs."),
  output: z.string().max(256).optional().describe('Which output they are of; the first when left out.'),
  inputs: FileRef.describe('What is timed.'),
  heldout: FileRef.describe('Inputs whose outputs were recorded.'),
  batchSize: z.int().min(1),
  minSamples: z.int().min(1),
  maxMeasureMs: z.number(),
  stopWhenSlower: z
    .boolean()
    .describe('End as soon as it is certain to be slower than the baseline: for one that is no more accurate either.'),
  cpuLimit: z.int().min(1).describe('Whole cores this pod has; threads never exceed it.'),
});
export type MeasureTask = z.infer<typeof MeasureTask>;

export const ProbeTask = z.object({ kind: z.literal('Probe') });

/** Says what a model is now, with the files that its weights lie in. */
export const DigestTask = z.object({ kind: z.literal('Digest'), model: FileRef });
export type DigestTask = z.infer<typeof DigestTask>;

export const Task = z.discriminatedUnion('kind', [DeriveTask, PrepareTask, MeasureTask, ProbeTask, DigestTask]);
export type Task = z.infer<typeof Task>;

export const DeriveResult = z.object({
  kind: z.literal('Derive'),
  artifact: Artifact,
  modelDigest: Digest.optional().describe('What the model was that it was made of; where the task did not say it.'),
  outputs: Digest,
  quality: Quality,
  parts: z.array(WorkPart).max(16).optional(),
  dimensions: Dimensions,
  precisions: PrecisionsExpected.optional(),
  analysis: Digest.optional(),
});
export type DeriveResult = z.infer<typeof DeriveResult>;

/** Why a measurement does not count and is to be made again. */
export const Invalid = z.enum(['NoisyNeighbour', 'Throttled', 'TooFewSamples']);
export type Invalid = z.infer<typeof Invalid>;

export const MeasureResult = z.object({
  kind: z.literal('Measure'),
  invalid: z.object({ reason: Invalid, message: z.string().max(512) }).optional(),
  stoppedEarly: z.boolean(),
  latency: LatencySummary,
  baseline: LatencySummary,
  ratio: Ratio,
  loadCurve: z.array(LoadPoint).max(16),
  throughputPerSecond: z.number(),
  peakMemoryBytes: z.number(),
  work: Work.optional(),
  outputsAgree: z.boolean(),
  challenge: Challenge.optional(),
  record: Digest,
  measuredSeconds: z.number(),
  facts: HardwareFacts,
});
export type MeasureResult = z.infer<typeof MeasureResult>;

export const ProbeResult = z.object({ kind: z.literal('Probe'), facts: HardwareFacts, abilities: Abilities });
export type ProbeResult = z.infer<typeof ProbeResult>;

export const DigestResult = z.object({ kind: z.literal('Digest'), modelDigest: Digest });
export type DigestResult = z.infer<typeof DigestResult>;

/** Why a worker could not do its task. `retryable` ones may pass on another try. */
export const FailureReason = z.enum([
  'ModelMissing',
  'ModelInvalid',
  'ModelChanged',
  'DigestMismatch',
  'ManifestInvalid',
  'DataMissing',
  'DataInvalid',
  'UnsupportedOperator',
  'EngineFailed',
  'CommandFailed',
  'TrainerFailed',
  'StoreFailed',
  'TaskInvalid',
  'Internal',
]);
export type FailureReason = z.infer<typeof FailureReason>;

export const Failure = z.object({
  kind: z.literal('Failure'),
  reason: FailureReason,
  message: z.string().max(1024),
  retryable: z.boolean(),
});
export type Failure = z.infer<typeof Failure>;

export const TaskResult = z.discriminatedUnion('kind', [
  DeriveResult,
  z.object({ kind: z.literal('Prepare') }),
  MeasureResult,
  ProbeResult,
  DigestResult,
  Failure,
]);
export type TaskResult = z.infer<typeof TaskResult>;

/** What runs the operators of a model: the engine's own kernels on the processor, or those for an NVIDIA GPU. */
export const Provider = z.enum(['CPU', 'CUDA']);
export type Provider = z.infer<typeof Provider>;

/**
 * Environment of a worker: its task, what it is to run models on (a Provider, the CPU without), where artifacts are and
 * the folder with the credentials for it, where the result goes, and in a pod that trains, the folder that it shares with
 * the trainer's container.
 */
export const workerEnv = {
  task: 'RETUNE_TASK',
  provider: 'RETUNE_PROVIDER',
  store: 'RETUNE_STORE',
  storeCredentials: 'RETUNE_STORE_CREDENTIALS',
  terminationLog: 'RETUNE_TERMINATION_LOG',
  work: 'RETUNE_WORK',
} as const;
