import { z } from 'zod';
import { Precision } from './candidate.ts';

/**
 * Ways of changing a model that the search may choose from; each is a file in `src/core/onnx/rewrites`. They are applied
 * in this order: what removes most comes first, and numbers are shortened last.
 */
export const RewriteName = z.enum([
  'depth',
  'prune-heads',
  'prune-neurons',
  'prune-channels',
  'separable',
  'kernel',
  'low-rank',
  'activation',
  'resolution',
  'fusion',
  'tiling',
  'sparsity',
  'precision',
]);
export type RewriteName = z.infer<typeof RewriteName>;

/** What the analysis of a model is to look at. */
export const Analyse = z.object({
  rewrites: z.array(RewriteName).max(16),
  precisions: z.array(Precision).max(8),
  batchSize: z.int().min(1).describe('Inputs in one run when choices are timed.'),
  maxSeconds: z
    .int()
    .min(1)
    .max(150)
    .default(150)
    .describe('How long it may take; what is left by then stays as it is.'),
});
export type Analyse = z.infer<typeof Analyse>;

/** What a choice is expected to do, before any trial. */
export const Expected = z.object({
  latency: z.number().describe("Share of the base model's latency."),
  loss: z.number().describe('Squared distance of the outputs from those of the base model, by their squared length.'),
});
export type Expected = z.infer<typeof Expected>;

/** `costMs`: by how much one run takes longer than the base model's; below 0 where it is faster. */
const Effect = z.object({ costMs: z.number(), loss: z.number() });

/**
 * What each rewrite could change of a model, place by place, with what every choice was measured to cost and to lose.
 * Made once a search, with the base variant; an artifact.
 */
export const Analysis = z.object({
  formatVersion: z.literal(1),
  baseMs: z.number(),
  rewrites: z.array(
    z.object({
      name: RewriteName,
      sites: z.array(
        z.object({ id: z.string(), identity: z.int(), choices: z.array(Effect.extend({ choice: z.int() })) }),
      ),
      /** What the allocations at each level do as a whole; `level` as in `selectionAt`. */
      levels: z.array(Effect.extend({ level: z.int() })),
    }),
  ),
  /** Whole models in one precision. */
  precisions: z.array(Effect.extend({ precision: Precision })),
  /** Places that were not measured for want of time; they stay as they are. */
  skipped: z.array(z.string()),
});
export type Analysis = z.infer<typeof Analysis>;
