import type { DeriveTask } from '../../api/task.ts';
import { batchNorms, recalibrationModel, withStatistics } from '../../core/onnx/batch-norm.ts';
import type { Model } from '../../core/onnx/model.ts';
import { parseManifest, type SupernetManifest } from '../../core/onnx/supernet.ts';
import type { Tensor } from '../../engines/engine.ts';
import { batch, type Dataset } from '../dataset.ts';
import { readRef } from '../files.ts';
import { withSession } from '../session.ts';
import type { DeriveDeps } from './deps.ts';

/** The manifest of a supernet; undefined for a plain model. Throws WorkerError or ModelError. */
export async function readManifest({ supernet }: DeriveTask): Promise<SupernetManifest | undefined> {
  if (!supernet) return undefined;
  return parseManifest(new TextDecoder().decode(await readRef(supernet, 'ManifestInvalid')));
}

const asFloats = (outputs: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));

/** Statistics of one forward pass over all calibration rows, so that they are those of the data and of no batch. */
export async function recalibrate({ engine }: DeriveDeps, model: Model, calibration: Dataset): Promise<Model> {
  if (batchNorms(model).length === 0) return model;
  const feeds = batch(calibration, 0, calibration.rows);
  const outputs = await withSession(engine, recalibrationModel(model), (session) => session.run(feeds));
  return withStatistics(model, asFloats(outputs));
}
