import { z } from 'zod';
import { Analyse, Expected } from './analysis.ts';
import { Candidate, Precision } from './candidate.ts';
import { Conditions, Digest, FileRef, Name, type Resource } from './common.ts';
import { VariantTrainer } from './trainer.ts';
import { WorkPart } from './work.ts';

/** How the quality of a variant is judged. */
export const QualityMetric = z.enum([
  'Top1',
  'Top5',
  'F1',
  'Agreement',
  'Spearman',
  'Cosine',
  'MSE',
  'MAE',
  'Perplexity',
  'Command',
]);
export type QualityMetric = z.infer<typeof QualityMetric>;

/** What a metric comes to on `samples` inputs (for Spearman: pairs of them), with its 95% interval. */
export const Quality = z.object({
  metric: QualityMetric,
  higherIsBetter: z.boolean().optional().describe('Which way is better; for Command alone, the others know.'),
  value: z.number(),
  low: z.number(),
  high: z.number(),
  samples: z.int(),
  dropHigh: z
    .number()
    .optional()
    .describe(
      'The drop against the base variant, row by row on the same rows, is below this with 95% certainty: absolute for metrics that end at one, else a share of the value of the base.',
    ),
});
export type Quality = z.infer<typeof Quality>;

export const Artifact = z.object({ digest: Digest, uri: z.string().max(1024), sizeBytes: z.int() });
export type Artifact = z.infer<typeof Artifact>;

/** What is judged, and how: the same fields in a search, a variant and a task. */
export const judging = {
  metric: QualityMetric.default('Top1'),
  output: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('The output of the model that is judged; its first when left out.'),
  command: z
    .array(z.string().max(1024))
    .min(1)
    .max(64)
    .optional()
    .describe(
      'For metric Command: a program and its arguments. It finds the variant in the file RETUNE_MODEL and the held-out data in RETUNE_DATA, and prints {"value", "samples"}, and where it knows them "low" and "high".',
    ),
  higherIsBetter: z.boolean().optional().describe('For metric Command: which way is better.'),
};

/**
 * What the search may choose of a model: the elastic dimensions that its supernet manifest declares, or the rewrites
 * that its analysis found. The largest choice of each leaves the model as it is.
 */
export const Dimensions = z
  .array(
    z.object({
      name: z.string().max(64),
      choices: z.array(z.int().min(0).max(65_536)).max(16),
      expected: z.array(Expected).max(16).optional().describe('What each choice should do, by the analysis.'),
    }),
  )
  .max(64);
export type Dimensions = z.infer<typeof Dimensions>;

/** What the whole model in one precision should do, by the analysis. */
export const PrecisionsExpected = z.array(Expected.extend({ precision: Precision })).max(8);
export type PrecisionsExpected = z.infer<typeof PrecisionsExpected>;

export const VariantSpec = z.object({
  searchRef: z.object({ name: Name }),
  candidate: Candidate,
  model: FileRef,
  modelDigest: Digest.optional().describe(
    'What the model was, with the files that its weights lie in, when the base variant was made of it; it must still be that.',
  ),
  supernet: FileRef.optional(),
  calibration: FileRef.optional(),
  heldout: FileRef,
  ...judging,
  metric: QualityMetric,
  analysis: Digest.optional().describe('Where in the model the rewrites apply and what each was measured to do.'),
  analyse: Analyse.optional().describe('What to analyse the model for; on the base variant alone.'),
  trainer: VariantTrainer.optional().describe('Trains it before it is judged.'),
});

export const VariantStatus = z.object({
  observedGeneration: z.int().optional(),
  artifact: Artifact.optional(),
  outputs: Digest.optional().describe(
    'Recorded outputs on the first inputs, to be compared on each accelerator, and what was kept of each row.',
  ),
  quality: Quality.optional(),
  parts: z
    .array(WorkPart)
    .max(16)
    .optional()
    .describe('What one request is made of, by the graph as an engine fuses it: what its latency is predicted from.'),
  dimensions: Dimensions.optional().describe('What the model offers to choose from; on the base variant alone.'),
  precisions: PrecisionsExpected.optional().describe('What each precision should do; on the base variant alone.'),
  analysis: Digest.optional().describe('The analysis of a plain model; on the base variant alone.'),
  modelDigest: Digest.optional().describe('What the model was that it was made of; on the base variant alone.'),
  attempts: z.int().optional(),
  conditions: Conditions,
});

export type VariantSpec = z.infer<typeof VariantSpec>;
export type VariantStatus = z.infer<typeof VariantStatus>;
export type Variant = Resource<VariantSpec, VariantStatus>;
