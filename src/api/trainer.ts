import { z } from 'zod';
import type { Candidate } from './candidate.ts';
import { Duration, FileRef, Quantity } from './common.ts';

/** Training of the user's own: `docs/trainer.md` is its contract. */
export const Trainer = z.object({
  image: z
    .string()
    .max(512)
    .optional()
    .describe("The image that the command runs in, a container of its own; the worker's own when left out."),
  command: z
    .array(z.string().max(1024))
    .min(1)
    .max(64)
    .describe(
      'A program and its arguments. It finds the candidate in the file RETUNE_CANDIDATE and writes the trained model to RETUNE_OUTPUT; docs/trainer.md has the rest.',
    ),
  data: FileRef.optional().describe('Training data (.npz), RETUNE_DATA; the calibration inputs when left out.'),
  deadline: Duration.default('10m').describe('Longest time that training one candidate may take.'),
  cpu: Quantity.optional().describe('CPU request and limit beside an image; those of spec.worker when left out.'),
  memory: Quantity.optional().describe('Memory request and limit beside an image; as spec.worker when left out.'),
});
export type Trainer = z.infer<typeof Trainer>;

/** What the trainer of one variant is told besides. */
export const VariantTrainer = Trainer.extend({
  seed: z.int().min(0).max(2_147_483_647).describe('For whatever is random in training; that of the search.'),
});
export type VariantTrainer = z.infer<typeof VariantTrainer>;

/** The files of a working folder, by the environment variable that names each to the trainer. */
export const trainerFiles = {
  RETUNE_CANDIDATE: 'candidate.onnx',
  RETUNE_QUANTIZED: 'quantized.onnx',
  RETUNE_BASE: 'base.onnx',
  RETUNE_DATA: 'data.npz',
  RETUNE_OUTPUT: 'trained.onnx',
} as const;

/** What a trainer works on, as far as its environment depends on it. */
export interface Training {
  candidate: Candidate;
  trainer: VariantTrainer;
  calibration?: FileRef;
}

/** The data set that a trainer is given; undefined when the search has none. */
export const trainingData = ({ trainer, calibration }: Training): FileRef | undefined => trainer.data ?? calibration;

/** The environment of a trainer whose working folder is at this path. */
export function trainerEnvironment(folder: string, training: Training): Record<string, string> {
  const { candidate, trainer } = training;
  const left = new Set<string>();
  if (candidate.precision === 'FP32') left.add('RETUNE_QUANTIZED');
  if (!trainingData(training)) left.add('RETUNE_DATA');
  const files = Object.entries(trainerFiles).filter(([name]) => !left.has(name));
  return {
    ...Object.fromEntries(files.map(([name, file]) => [name, `${folder}/${file}`])),
    RETUNE_CHOICES: JSON.stringify(candidate),
    RETUNE_SEED: String(trainer.seed),
    TMPDIR: folder,
  };
}
