import type { Precision } from '../../api/candidate.ts';
import type { Model } from '../../core/onnx/model.ts';
import { needOpset } from '../../core/onnx/prepare.ts';
import { leastOpset } from '../../core/onnx/rewrites/precision/layers.ts';
import { everywhere, precision } from '../../core/onnx/rewrites/precision/precision.ts';
import { inferShapes } from '../../core/onnx/shapes/infer.ts';
import type { Dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';
import { applied } from './rewriting.ts';
import type { DeriveDeps } from './session.ts';

/**
 * The model with one precision wherever a layer has it. Throws WorkerError where that needs calibration inputs and there
 * are none, ModelError where the model's operators are too old.
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
  return applied(engine, model, rewrite, selection, calibration);
}
