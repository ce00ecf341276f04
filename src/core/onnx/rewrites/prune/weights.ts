import type { Consumer } from '../../dependency/operation.ts';
import { initializerOf } from '../../graph.ts';
import { type GraphProto, ModelError, type TensorProto } from '../../model.ts';
import { dims, floats, tensor } from '../../tensors.ts';

/** The weights that mix one axis: rows before it, its entries, columns behind it. */
export interface MixingWeights {
  shape: readonly number[];
  values: Float64Array;
  /** Entries of the weights' axis: of one block. */
  size: number;
  outer: number;
  inner: number;
  /** Whether the outputs lie behind the axis, one a column; else they lie before it, one a row. */
  columns: boolean;
}

export function mixingWeights(graph: GraphProto, { weight, weightAxis, node }: Consumer): MixingWeights {
  const found = initializerOf(graph, weight);
  if (!found) throw new ModelError(`the weights of "${node.name}" are no constant`);
  const shape = dims(found);
  const product = (sizes: number[]) => sizes.reduce((total, size) => total * size, 1);
  return {
    shape,
    values: Float64Array.from(floats(found)),
    size: shape[weightAxis] ?? 0,
    outer: product(shape.slice(0, weightAxis)),
    inner: product(shape.slice(weightAxis + 1)),
    columns: weightAxis === 0,
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

/** Adds `factors[i][j]` times the weights of entry `from[i]` to those of entry `to[j]`, within a block. */
export function mixInto(
  weights: MixingWeights,
  [first, last]: [number, number],
  to: readonly number[],
  from: readonly number[],
  factors: Float64Array,
): void {
  const { values, size, inner } = weights;
  for (let outer = first; outer < last; outer++) {
    for (const [i, source] of from.entries()) {
      const b = (outer * size + source) * inner;
      for (let j = 0; j < to.length; j++) {
        const factor = factors[i * to.length + j] as number;
        const a = (outer * size + (to[j] as number)) * inner;
        for (let k = 0; k < inner; k++) values[a + k] = (values[a + k] as number) + factor * (values[b + k] as number);
      }
    }
  }
}

/** What `constants[i]` at entry `from[i]` adds to each output: the rows before the axis, or the columns behind it. */
export function outputsOf(
  { values, size, inner, outer, columns }: MixingWeights,
  [first, last]: [number, number],
  from: readonly number[],
  constants: Float64Array,
): Float64Array {
  const result = new Float64Array(columns ? inner : outer);
  for (let row = first; row < last; row++) {
    for (const [i, source] of from.entries()) {
      const at = (row * size + source) * inner;
      for (let k = 0; k < inner; k++) {
        const to = columns ? k : row;
        result[to] = (result[to] as number) + (constants[i] as number) * (values[at + k] as number);
      }
    }
  }
  return result;
}

export const written = (name: string, { values, shape }: MixingWeights): TensorProto =>
  tensor(name, Float32Array.from(values), shape);
