import { encode, type Model } from '../core/onnx/model.ts';
import { Accumulator } from '../core/onnx/observe/accumulator.ts';
import { type Need, nothing, type Observations } from '../core/onnx/observe/observations.ts';
import { observingModel } from '../core/onnx/observe/observing-model.ts';
import { apart } from '../core/onnx/tensor-data/external.ts';
import type { Engine } from '../engines/engine.ts';
import { batch, type Dataset } from './dataset.ts';
import { fixedBatch } from './judge/batches.ts';

/** Rows in one forward pass: enough to keep a core busy, few enough to bound the activations held at once. */
const rowsAtOnce = 16;

/**
 * What `needs` asks of the activations of a model over all calibration rows. The engine reduces each batch, so that
 * nothing larger than a batch's activations is ever held. Throws ModelError or EngineError.
 */
export async function observe(
  engine: Engine,
  model: Model,
  needs: readonly Need[],
  calibration: Dataset,
): Promise<Observations> {
  if (needs.length === 0) return nothing;
  const { model: observing, probes } = observingModel(model, needs);
  const accumulator = new Accumulator(probes);
  const { model: graph, weights } = apart(observing);
  const how = { weights, forFewRuns: true };
  const session = await engine.load(encode(graph), { threads: 1, graphOptimization: 'Basic' }, how);
  try {
    const fixed = fixedBatch([session]);
    const size = fixed ?? rowsAtOnce;
    // A last batch that is too short for the model would have to be filled, and what fills it would be observed.
    for (let row = 0; row + (fixed ?? 1) <= calibration.rows; row += size) {
      accumulator.add(await session.run(batch(calibration, row, Math.min(calibration.rows, row + size))));
    }
  } finally {
    await session.release();
  }
  return accumulator.finish();
}
