import { z } from 'zod';
import { Precision } from './candidate.ts';
import { KernelKind } from './hardware-profile.ts';

/** Operators of one kind in one run of a variant. */
export const WorkPart = z.object({
  kind: z.enum([
    ...KernelKind.options,
    ...([
      'Attention',
      'Quantise',
      'Normalisation',
      'Softmax',
      'Pool',
      'Activation',
      'Movement',
      'Elementwise',
    ] as const),
  ]),
  precision: Precision.optional().describe('What layers with weights are computed in.'),
  count: z.int(),
  macs: z.number(),
  bytes: z.number().describe('What they read and write.'),
});
export type WorkPart = z.infer<typeof WorkPart>;

/** What one run of a variant is made of, by its graph as the engine fuses it and the sizes of its inputs. */
export const Work = z.object({
  macs: z.number().describe('Multiply-accumulates.'),
  bytesMoved: z.number().describe('Bytes that its operators read and write, weights included.'),
  weightBytes: z.number(),
  peakActivationBytes: z.number(),
  parts: z
    .array(WorkPart)
    .max(16)
    .describe('Its operators by kind: layers with weights in each precision, and passes over activations.'),
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
