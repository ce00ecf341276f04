import type { Precision } from '../../api/candidate.ts';
import type { Model } from '../../core/onnx/model.ts';
import { needOpset } from '../../core/onnx/prepare.ts';
import { equalisation, everyPlace, worthwhile } from '../../core/onnx/rewrites/equalisation/equalisation.ts';
import { leastOpset } from '../../core/onnx/rewrites/precision/layers.ts';
import { everywhere, precision } from '../../core/onnx/rewrites/precision/precision.ts';
import type { Selection } from '../../core/onnx/rewrites/rewrite.ts';
import { inferShapes } from '../../core/onnx/shapes/infer.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';
import { observe } from '../observe.ts';
import type { DeriveDeps } from './deps.ts';
import { applied } from './rewriting.ts';

/**
 * INT8Static of a model, after channels were made alike where one range for all of them would waste its codes. Both look
 * at the same pass over the calibration inputs; a second one is made where something changed.
 */
async function fixedEightBit(engine: Engine, model: Model, selection: Selection, calibration: Dataset): Promise<Model> {
  const [rewrite, even] = [precision(), equalisation()];
  const everywhereEven = everyPlace(even.sites(model, inferShapes(model)));
  const needs = [...rewrite.needs(model, selection), ...even.needs(model, everywhereEven)];
  const observed = await observe(engine, model, needs, calibration);
  const places = worthwhile(model, observed);
  if (Object.keys(places).length === 0) return rewrite.rewrite(model, selection, observed);
  return applied(engine, even.rewrite(model, places, observed), rewrite, selection, calibration);
}

/**
 * The model with one precision wherever a layer has it. Throws WorkerError where that needs calibration inputs and there
 * are none, ModelError where the model's operators are too old. INT8Static comes after `equalisation`.
 */
export async function inPrecision(
  { engine }: Pick<DeriveDeps, 'engine'>,
  model: Model,
  wanted: Precision,
  calibration?: Dataset,
): Promise<Model> {
  // Mixed is one of the choices of the analysis.
  if (wanted === 'FP32' || wanted === 'Mixed') return model;
  needOpset(model, leastOpset, wanted);
  const rewrite = precision();
  const selection = everywhere(rewrite.sites(model, inferShapes(model)), wanted);
  if (!calibration && rewrite.needs(model, selection).length > 0) {
    throw new WorkerError(
      'DataMissing',
      `${wanted} needs spec.data.calibration: its ranges are measured on those inputs`,
    );
  }
  if (wanted === 'INT8Static' && calibration) return fixedEightBit(engine, model, selection, calibration);
  return applied(engine, model, rewrite, selection, calibration);
}
