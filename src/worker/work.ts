import type { HardwareFacts } from '../api/hardware-profile.ts';
import type { Work } from '../api/work.ts';
import { workOf } from '../core/hardware/work.ts';
import { decode, type Model, ModelError } from '../core/onnx/model.ts';
import { boundDims } from '../core/onnx/shapes/binding.ts';
import { inferShapes } from '../core/onnx/shapes/infer.ts';
import { type Engine, EngineError } from '../engines/engine.ts';
import type { Dataset } from './dataset.ts';
import type { Shapes } from './measure/messages.ts';

/** Fused, but not yet in layouts of one processor's own, whose shapes nobody else can tell. */
const portable = { threads: 1, graphOptimization: 'Extended' } as const;

/** The graph as the engine fuses it; as it stands in the file where that can't be analysed. */
async function fused(engine: Engine, bytes: Uint8Array): Promise<Model> {
  const model = decode(bytes);
  try {
    const optimised = decode(await engine.optimise(bytes, portable));
    return inferShapes(optimised).unanalysed.length > inferShapes(model).unanalysed.length ? model : optimised;
  } catch (error) {
    if (error instanceof ModelError || error instanceof EngineError) return model;
    throw error;
  }
}

/** The shapes of a request of `rows` rows of a data set. */
export const shapesOf = ({ inputs }: Dataset, rows: number): Shapes =>
  Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, [rows, ...shape.slice(1)]]));

/** What one run of a model is made of when it is fed tensors of these shapes; undefined where it can't be analysed. */
export async function workOfRun(
  engine: Engine,
  bytes: Uint8Array,
  shapes: Shapes,
  caches: HardwareFacts['cacheBytes'],
): Promise<Work | undefined> {
  try {
    const model = await fused(engine, bytes);
    return workOf(model, boundDims(model.graph, shapes), caches);
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
