import { z } from 'zod';

/**
 * Numeric precisions a variant can have: of every layer for which there is such a kernel, the others stay FP32. Mixed:
 * each layer its own, by the dimension `precision`.
 */
export const Precision = z.enum(['FP32', 'FP16', 'INT8Static', 'INT8Dynamic', 'INT4', 'Mixed']);
export type Precision = z.infer<typeof Precision>;

/** How much the engine may rewrite the graph; the names are ONNX Runtime's. */
export const GraphOptimization = z.enum(['Basic', 'Extended', 'All']);
export type GraphOptimization = z.infer<typeof GraphOptimization>;

export const EngineOptions = z.object({
  threads: z.int().min(1).max(256).describe('Threads inside one operator; never more than the CPU limit.'),
  graphOptimization: GraphOptimization.default('All'),
});
export type EngineOptions = z.infer<typeof EngineOptions>;

/** One point of the search space: what is cut away, its precision and how the engine runs it. */
export const Candidate = z.object({
  dimensions: z
    .record(z.string().max(64), z.int().min(0).max(65_536))
    .describe('The choice for each dimension that the model offers, by name; the largest leaves it as it is.'),
  precision: Precision,
  engine: EngineOptions,
});
export type Candidate = z.infer<typeof Candidate>;
