/** What tests of single rewrites share: a model changed, run, and compared. */
import type { Model } from '../../src/core/onnx/model.ts';
import { encode } from '../../src/core/onnx/model.ts';
import type { Rewrite, Selection, Site } from '../../src/core/onnx/rewrites/rewrite.ts';
import { inferShapes } from '../../src/core/onnx/shapes/infer.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { batch, type Dataset } from '../../src/worker/dataset.ts';
import { observe } from '../../src/worker/observe.ts';

export const sitesOf = (rewrite: Rewrite<string>, model: Model): Site[] => rewrite.sites(model, inferShapes(model));

/** The first output over all rows. */
export async function outputOf(model: Model, data: Dataset): Promise<Float32Array> {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  try {
    const found = await session.run(batch(data, 0, data.rows));
    return Object.values(found)[0]?.data as Float32Array;
  } finally {
    await session.release();
  }
}

export async function changed(
  rewrite: Rewrite<string>,
  model: Model,
  selection: Selection,
  data: Dataset,
): Promise<Model> {
  return rewrite.rewrite(model, selection, await observe(engine, model, rewrite.needs(model, selection), data));
}

export const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value ** 2, 0));

export const distance = (a: Float32Array, b: Float32Array): number => norm(a.map((value, i) => value - (b[i] ?? 0)));

export const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
