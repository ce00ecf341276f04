import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NASSearch } from '../../src/api/nas-search.ts';
import { problems } from '../../src/api/validate.ts';
import { readManifests } from '../../src/cli/manifests.ts';
import type { Tensor } from '../../src/engines/engine.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { batch } from '../../src/worker/dataset.ts';
import { readNpz } from '../../src/worker/npz.ts';

const rowsAtOnce = 50;

/** What a model makes of a data set: one output over all rows, and the arrays of the data set by name. */
export interface Judged {
  output: Tensor;
  arrays: Record<string, Tensor>;
  rows: number;
}

/** Runs a model over the rows of an .npz file, as derived variants are judged. Throws when the files don't fit. */
export async function judged(model: string, data: string, name: string): Promise<Judged> {
  const session = await engine.load(await readFile(model), { threads: 1, graphOptimization: 'All' });
  const arrays = readNpz(await readFile(data));
  const inputs = Object.fromEntries(session.inputs.map((input) => [input.name, arrays[input.name] as Tensor]));
  const rows = Object.values(inputs)[0]?.shape[0] ?? 0;
  const parts: Tensor[] = [];
  for (let row = 0; row < rows; row += rowsAtOnce) {
    const outputs = await session.run(batch({ rows, inputs }, row, Math.min(rows, row + rowsAtOnce)));
    parts.push(outputs[name] as Tensor);
  }
  await session.release();
  const values = parts.flatMap(({ data: part }) => Array.from(part as Float32Array));
  const shape = [rows, ...(parts[0]?.shape.slice(1) ?? [])];
  return { output: { type: 'FP32', shape, data: Float32Array.from(values) }, arrays, rows };
}

/** Share of rows whose largest logit is that of their label. */
export function top1({ output, arrays, rows }: Judged): number {
  const classes = output.data.length / rows;
  const labels = Array.from(arrays.labels?.data ?? [], Number);
  assert.equal(labels.length, rows);
  const right = labels.filter((label, row) => {
    const logits = Array.from(output.data.slice(row * classes, (row + 1) * classes), Number);
    return logits.indexOf(Math.max(...logits)) === label;
  });
  return right.length / rows;
}

/**
 * The output that an example's search judges. Asserts that the search is valid and that the files it names are there;
 * `elsewhere` are those that a script fetches.
 */
export async function judgedOutput(example: string, elsewhere: string[] = []): Promise<string> {
  const [search] = (await readManifests(join('examples', example, 'search.yaml'))) as unknown as NASSearch[];
  assert.ok(search);
  assert.deepEqual(problems(search), []);
  const { model, data, quality } = search.spec;
  for (const { uri } of [model, data.heldout, data.calibration ?? model]) {
    const file = fileURLToPath(uri);
    if (!elsewhere.some((name) => file.endsWith(`/${example}/${name}`))) assert.ok(existsSync(file), file);
  }
  const { output } = quality;
  assert.ok(output, 'spec.quality.output names what is judged');
  return output;
}
