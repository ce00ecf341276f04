import { z } from 'zod';

const Shape = z.array(z.int().min(0)).max(8);

/**
 * A question to which a server of the variant must answer as the variant did in its trial on that accelerator. Its inputs
 * are drawn from the seed, evenly between the least and the most that the held-out data hold, so that it fits into a status.
 */
export const Challenge = z.object({
  seed: z.int().min(0).max(0xffff_ffff),
  inputs: z
    .array(
      z.object({
        name: z.string().max(256),
        datatype: z.string().max(8),
        shape: Shape,
        low: z.number(),
        high: z.number(),
      }),
    )
    .min(1)
    .max(8),
  outputs: z
    .array(
      z.object({
        name: z.string().max(256),
        count: z.int().describe('How many numbers the output has.'),
        first: z.array(z.number()).max(16).describe('Its first numbers.'),
      }),
    )
    .min(1)
    .max(4),
});
export type Challenge = z.infer<typeof Challenge>;
