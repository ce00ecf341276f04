import { z } from 'zod';
import { Candidate } from './candidate.ts';
import { Conditions, Digest, FileRef, Name, type Resource } from './common.ts';

/** How the quality of a variant is judged. */
export const QualityMetric = z.enum(['Top1', 'Agreement']);
export type QualityMetric = z.infer<typeof QualityMetric>;

/** A share measured on `samples` inputs, with its 95% interval. */
export const Quality = z.object({
  metric: QualityMetric,
  value: z.number(),
  low: z.number(),
  high: z.number(),
  samples: z.int(),
});
export type Quality = z.infer<typeof Quality>;

export const Artifact = z.object({ digest: Digest, uri: z.string().max(1024), sizeBytes: z.int() });
export type Artifact = z.infer<typeof Artifact>;

/** The elastic dimensions that the model's supernet manifest declares: what the search may choose. */
export const Dimensions = z
  .array(z.object({ name: z.string().max(64), choices: z.array(z.int().min(1).max(65_536)).max(16) }))
  .max(64);
export type Dimensions = z.infer<typeof Dimensions>;

export const VariantSpec = z.object({
  searchRef: z.object({ name: Name }),
  candidate: Candidate,
  model: FileRef,
  supernet: FileRef.optional(),
  calibration: FileRef.optional(),
  heldout: FileRef,
  metric: QualityMetric,
});

export const VariantStatus = z.object({
  observedGeneration: z.int().optional(),
  artifact: Artifact.optional(),
  outputs: Digest.optional().describe('Recorded outputs on the first inputs, to be compared on each accelerator.'),
  quality: Quality.optional(),
  dimensions: Dimensions.optional().describe('What the supernet manifest offers; on the base variant alone.'),
  attempts: z.int().optional(),
  conditions: Conditions,
});

export type VariantSpec = z.infer<typeof VariantSpec>;
export type VariantStatus = z.infer<typeof VariantStatus>;
export type Variant = Resource<VariantSpec, VariantStatus>;
