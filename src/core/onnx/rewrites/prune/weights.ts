import type { Consumer } from '../../dependency/operation.ts';
import { initializerOf } from '../../graph.ts';
import { type GraphProto, ModelError } from '../../model.ts';
import { dims, floats, tensor } from '../../tensors.ts';
import type { TensorProto } from '../../model.ts';

/** The weights that mix one axis, read as a matrix: one row for each entry of that axis of the weights. */
export interface MixingWeights {
  shape: readonly number[];
  values: Float32Array;
  /** Entries of the weights' axis: of one block. */
  size: number;
  /** The weight of entry `i` in output `o` of the rest, which is outputs × taps, or outputs before the axis. */
  outer: number;
  inner: number;
}

export function mixingWeights(graph: GraphProto, { weight, weightAxis, node }: Consumer): MixingWeights {
  const found = initializerOf(graph, weight);
  if (!found) throw new ModelError(`the weights of "${node.name}" are no constant`);
  const shape = dims(found);
  const product = (sizes: number[]) => sizes.reduce((total, size) => total * size, 1);
  return {
    shape,
    values: floats(found),
    size: shape[weightAxis] ?? 0,
    outer: product(shape.slice(0, weightAxis)),
    inner: product(shape.slice(weightAxis + 1)),
  };
}

/** Rows of `outer` that belong to one block: a grouped Conv's outputs stand group by group. */
export const outerOf = ({ outer }: MixingWeights, blocks: number, block: number): [from: number, to: number] => {
  return [(outer / blocks) * block, (outer / blocks) * (block + 1)];
};

/** The squared length of the weights that entry `index` of a block meets. */
export function energy(weights: MixingWeights, [from, to]: [number, number], index: number): number {
  const { values, size, inner } = weights;
  let sum = 0;
  for (let outer = from; outer < to; outer++) {
    const at = (outer * size + index) * inner;
    for (let k = 0; k < inner; k++) sum += (values[at + k] as number) ** 2;
  }
  return sum;
}

/** Adds `factor` times the weights of entry `source` to those of entry `target`, within a block. */
export function addRow(weights: MixingWeights, [from, to]: [number, number], target: number, source: number, factor: number): void {
  const { values, size, inner } = weights;
  for (let outer = from; outer < to; outer++) {
    const [a, b] = [(outer * size + target) * inner, (outer * size + source) * inner];
    for (let k = 0; k < inner; k++) values[a + k] = (values[a + k] as number) + factor * (values[b + k] as number);
  }
}

export const written = (name: string, { values, shape }: MixingWeights): TensorProto => tensor(name, values, shape);
