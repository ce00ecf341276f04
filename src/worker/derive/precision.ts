import type { Precision } from '../../api/candidate.ts';
import { addOutputs } from '../../core/onnx/graph.ts';
import { copy, type Model } from '../../core/onnx/model.ts';
import { quantizeDynamic } from '../../core/onnx/quantize-dynamic.ts';
import { quantizedTensors, quantizeStatic, type Range } from '../../core/onnx/quantize-static.ts';
import { batch, type Dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';
import { type DeriveDeps, withSession } from './session.ts';

const calibrationBatch = 100;

/** The range of each tensor over the calibration rows; streamed, so that no more than a batch of activations is held. */
async function observe({ engine }: DeriveDeps, model: Model, calibration: Dataset): Promise<Record<string, Range>> {
  const names = quantizedTensors(model);
  const observed = copy(model);
  addOutputs(observed.graph, names);
  const ranges: Record<string, Range> = {};
  await withSession(engine, observed, async (session) => {
    for (let row = 0; row < calibration.rows; row += calibrationBatch) {
      const outputs = await session.run(batch(calibration, row, Math.min(calibration.rows, row + calibrationBatch)));
      for (const name of names) {
        const range = ranges[name] ?? { min: 0, max: 0 };
        for (const value of (outputs[name]?.data ?? []) as Float32Array) {
          if (value < range.min) range.min = value;
          else if (value > range.max) range.max = value;
        }
        ranges[name] = range;
      }
    }
  });
  return ranges;
}

/** The whole model in one precision. Throws WorkerError where that needs calibration inputs and there are none. */
export async function inPrecision(
  deps: DeriveDeps,
  model: Model,
  precision: Precision,
  calibration?: Dataset,
): Promise<Model> {
  // Mixed is one of the choices of the analysis.
  if (precision === 'FP32' || precision === 'Mixed') return model;
  if (precision === 'INT8Dynamic') return quantizeDynamic(model);
  if (!calibration) {
    throw new WorkerError(
      'DataMissing',
      'INT8Static needs spec.data.calibration: its ranges are measured on those inputs',
    );
  }
  return quantizeStatic(model, await observe(deps, model, calibration));
}
