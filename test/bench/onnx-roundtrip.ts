/**
 * Reads every .onnx file below a folder, writes it again and compares the bytes: what this project does not understand
 * of a model must survive its hands. Refused: a sentence says why; crashed: anything else went wrong.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { readModelBytes } from '../../src/cli/model-file.ts';
import { decode, encode, ModelError } from '../../src/core/onnx/model.ts';

export async function onnxRoundtrip(say: (line: string) => void, [folder]: readonly string[]): Promise<object> {
  if (!folder) throw new Error('onnx-roundtrip takes a folder: npm run bench -- onnx-roundtrip DIR --json');
  const counts = { files: 0, identical: 0, refused: 0, crashed: 0 };
  for (const path of globSync('**/*.onnx', { cwd: folder }).sort()) {
    counts.files += 1;
    try {
      const bytes = readModelBytes(join(folder, path));
      if (Buffer.compare(encode(decode(bytes)), bytes) === 0) counts.identical += 1;
      else say(`${path}: written differently`);
    } catch (error) {
      if (error instanceof ModelError) counts.refused += 1;
      else counts.crashed += 1;
      say(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return counts;
}
