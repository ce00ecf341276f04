import type { Precision } from '../../api/candidate.ts';
import type { Model } from '../../core/onnx/model.ts';
import { needOpset } from '../../core/onnx/prepare.ts';
import { leastOpset } from '../../core/onnx/rewrites/precision/layers.ts';
import { equalisation, everyPlace } from '../../core/onnx/rewrites/equalisation/equalisation.ts';
import { everywhere, precision } from '../../core/onnx/rewrites/precision/precision.ts';
import { inferShapes } from '../../core/onnx/shapes/infer.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';
import { observe } from '../observe.ts';
import { applied } from './rewriting.ts';
import type { DeriveDeps } from './session.ts';

/** Rows that equalisation looks at: enough to tell large channels from small ones; ranges are measured on all. */
const equalisedOn = 64;

/** The model, of the same function, with channels alike in magnitude wherever that costs no operator. */
async function equalised(engine: Engine, model: Model, calibration: Dataset): Promise<Model> {
  const rewrite = equalisation();
  const selection = everyPlace(rewrite.sites(model, inferShapes(model)));
  const observed = await observe(engine, model, rewrite.needs(model, selection), calibration, equalisedOn);
  return rewrite.rewrite(model, selection, observed);
}

/**
 * The model with one precision wherever a layer has it. Throws WorkerError where that needs calibration inputs and there
 * are none, ModelError where the model's operators are too old. Channels are made alike before INT8Static gives one range
 * to all of them.
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
  const even = wanted === 'INT8Static' && calibration ? await equalised(engine, model, calibration) : model;
  return applied(engine, even, rewrite, selection, calibration);
}
