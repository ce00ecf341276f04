/** What the tests of pruning share: nothing here is used outside them. */
import assert from 'node:assert/strict';
import type { Group } from '../../src/core/onnx/dependency/dependencies.ts';
import { initializerOf, setInitializer } from '../../src/core/onnx/graph.ts';
import { encode, type Model } from '../../src/core/onnx/model.ts';
import { shallowCopy } from '../../src/core/onnx/rewrites/prune/cut.ts';
import { analyse } from '../../src/core/onnx/rewrites/prune/prune.ts';
import type { Rewrite, Selection } from '../../src/core/onnx/rewrites/rewrite.ts';
import { dims, floats, tensor } from '../../src/core/onnx/tensors.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { batch, type Dataset } from '../../src/worker/dataset.ts';
import { observe } from '../../src/worker/observe.ts';

/** The first output on all rows. */
export async function outputOf(model: Model, data: Dataset): Promise<{ shape: number[]; data: Float32Array }> {
  const session = await engine.load(encode(model), { threads: 1, graphOptimization: 'All' });
  try {
    const found = (await session.run(batch(data, 0, data.rows)))[model.graph.output[0]?.name ?? ''];
    assert.ok(found);
    return { shape: found.shape, data: found.data as Float32Array };
  } finally {
    await session.release();
  }
}

export async function pruned(rewrite: Rewrite, model: Model, selection: Selection, data: Dataset): Promise<Model> {
  const observed = await observe(engine, model, rewrite.needs(model, selection), data);
  return rewrite.rewrite(model, selection, observed);
}

/** ‖found − expected‖ / ‖expected‖. */
export function distance(found: Float32Array, expected: Float32Array): number {
  const norm = (values: Float32Array) => Math.hypot(...values);
  return norm(found.map((value, i) => value - (expected[i] ?? 0))) / Math.max(norm(expected), 1e-12);
}

export const groupOf = (model: Model, id: string): Group => {
  const found = analyse(model).dependencies.groups.find((group) => group.id === id);
  assert.ok(found, `no group "${id}"`);
  return found;
};

/** The model with all weights 0 that read units `dead` of a group, by their number within it. */
export function withDeadUnits(model: Model, group: Group, dead: ReadonlySet<number>): Model {
  const result = shallowCopy(model);
  const { unitsOf } = analyse(model).dependencies;
  const gone = new Set(group.units.filter((_, index) => dead.has(index)));
  for (const { input, axis, weight, weightAxis } of group.consumers) {
    const source = initializerOf(result.graph, weight);
    assert.ok(source);
    const [shape, values] = [dims(source), floats(source)];
    const size = shape[weightAxis] ?? 1;
    const inner = shape.slice(weightAxis + 1).reduce((product, each) => product * each, 1);
    const units = unitsOf(input, axis) ?? [];
    const zero = new Set(units.flatMap((unit, index) => (gone.has(unit) ? [index % size] : [])));
    setInitializer(
      result.graph,
      tensor(
        weight,
        values.map((value, at) => (zero.has(Math.floor(at / inner) % size) ? 0 : value)),
        shape,
      ),
    );
  }
  return result;
}
