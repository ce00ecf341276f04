import type { Analysis } from '../../api/analysis.ts';
import type { Candidate } from '../../api/candidate.ts';
import type { Model } from '../../core/onnx/model.ts';
import { nothing } from '../../core/onnx/observe/observations.ts';
import { fitted, inOrder } from '../../core/onnx/rewrites/all.ts';
import type { Rewrite, Selection } from '../../core/onnx/rewrites/rewrite.ts';
import { selectionAt, sitesOf } from '../../core/search/levels.ts';
import { mixedDimension } from '../../core/search/space.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Dataset } from '../dataset.ts';
import { observe } from '../observe.ts';

/** One rewrite made real, with what it must know observed on the calibration inputs. */
export async function applied(
  engine: Engine,
  model: Model,
  rewrite: Rewrite<string>,
  selection: Selection,
  calibration: Dataset | undefined,
): Promise<Model> {
  const needs = rewrite.needs(model, selection);
  const observed = calibration ? await observe(engine, model, needs, calibration) : nothing;
  return rewrite.rewrite(model, selection, observed);
}

/**
 * The base model with everything that a candidate chooses of its analysis, one rewrite after the other, each seeing the
 * activations that those before it left. A precision for each layer comes last, and only where the candidate is Mixed.
 */
export async function rewritten(
  engine: Engine,
  base: Model,
  { dimensions, precision }: Candidate,
  analysis: Analysis,
  calibration: Dataset,
): Promise<Model> {
  let model = base;
  for (const rewrite of inOrder(analysis.rewrites.map(({ name }) => name))) {
    const level = dimensions[rewrite.name];
    if (level === undefined || (rewrite.name === mixedDimension && precision !== 'Mixed')) continue;
    const selection = fitted(rewrite, model, selectionAt(sitesOf(analysis, rewrite.name), level));
    if (Object.keys(selection).length > 0) model = await applied(engine, model, rewrite, selection, calibration);
  }
  return model;
}
