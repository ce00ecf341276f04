import type { EngineOptions } from '../api/candidate.ts';
import { decode, encode, type Model } from '../core/onnx/model.ts';
import { leftovers } from '../core/onnx/rewrites/precision/leftovers.ts';
import type { Engine } from '../engines/engine.ts';

/**
 * The weights that the engine would bring back to FLOAT in every run of the model, for want of a kernel that takes them
 * as they are; none in a model whose precisions are sound. Throws EngineError where the engine refuses the model.
 */
export async function leftoverWeights(engine: Engine, model: Model, options: EngineOptions): Promise<string[]> {
  return leftovers(decode(await engine.optimise(encode(model), options)));
}
