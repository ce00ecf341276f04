import { copyFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Training, trainerFiles, trainingData } from '../../api/trainer.ts';
import { readRef } from '../files.ts';

export interface TrainingModels {
  candidate: Uint8Array;
  /** The candidate in its precision; undefined where that is FP32. */
  quantized: Uint8Array | undefined;
  base: Uint8Array;
}

/**
 * Puts what a trainer is given into its working folder. Data is linked; `copied` where another container is to read it,
 * which sees the folder alone. Throws WorkerError when data is missing or is not what its digest says.
 */
export async function fillFolder(
  folder: string,
  training: Training,
  models: TrainingModels,
  copied: boolean,
): Promise<void> {
  const at = (name: keyof typeof trainerFiles) => join(folder, trainerFiles[name]);
  await writeFile(at('RETUNE_CANDIDATE'), models.candidate);
  if (models.quantized) await writeFile(at('RETUNE_QUANTIZED'), models.quantized);
  await writeFile(at('RETUNE_BASE'), models.base);
  const data = trainingData(training);
  if (!data) return;
  await readRef(data, 'DataMissing');
  const path = fileURLToPath(data.uri);
  if (copied) await copyFile(path, at('RETUNE_DATA'));
  else await symlink(path, at('RETUNE_DATA'));
}
