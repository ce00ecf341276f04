import type { Tensor, TensorInfo } from '../engines/engine.ts';
import { WorkerError } from './failure.ts';
import { readNpz } from './npz.ts';

/** Inputs of a model, row by row, with the labels where there are any. */
export interface Dataset {
  rows: number;
  inputs: Record<string, Tensor>;
  /** The right class of each row. */
  labels?: number[];
}

const fits = (shape: number[], wanted: number[]) =>
  shape.length === wanted.length && wanted.every((size, axis) => axis === 0 || size < 0 || size === shape[axis]);
const written = (shape: number[]) =>
  `[${shape.map((size, axis) => (axis === 0 ? 'N' : size < 0 ? '?' : size)).join(', ')}]`;

function inputOf({ name, type, shape }: TensorInfo, arrays: Record<string, Tensor>): Tensor {
  const found = arrays[name];
  if (!found) {
    const have = Object.keys(arrays).join(', ') || 'nothing';
    throw new WorkerError(
      'DataInvalid',
      `the model's input "${name}" is not in the data set, which has ${have}: name an array after each input`,
    );
  }
  if (found.type !== type) {
    throw new WorkerError(
      'DataInvalid',
      `the data set's "${name}" is ${found.type}, the model takes ${type}: save it with that type`,
    );
  }
  if (!fits(found.shape, shape)) {
    throw new WorkerError(
      'DataInvalid',
      `the data set's "${name}" has shape [${found.shape.join(', ')}], the model takes ${written(shape)}`,
    );
  }
  return found;
}

/**
 * A data set for a model with these inputs, from the bytes of an .npz file: one array an input, named as it is, with
 * the rows on the first axis, and `labels` with one integer a row. Throws WorkerError DataInvalid with what was
 * expected and what was found.
 */
export function dataset(bytes: Uint8Array, inputs: TensorInfo[]): Dataset {
  const arrays = readNpz(bytes);
  const found = Object.fromEntries(inputs.map((input) => [input.name, inputOf(input, arrays)]));
  const sizes = new Set(Object.values(found).map(({ shape }) => shape[0] ?? 0));
  const [rows = 0] = sizes;
  if (sizes.size !== 1 || rows === 0) {
    throw new WorkerError(
      'DataInvalid',
      `the inputs of the data set have ${[...sizes].join(' and ')} rows: all must have the same number, above zero`,
    );
  }
  const labels = arrays.labels && Array.from(arrays.labels.data, Number);
  if (labels && labels.length !== rows) {
    throw new WorkerError('DataInvalid', `the data set has ${labels.length} labels for ${rows} rows`);
  }
  return { rows, inputs: found, labels };
}

/** Rows `from` to `to` (exclusive) of every input. */
export function batch({ inputs }: Dataset, from: number, to: number): Record<string, Tensor> {
  const cut = ({ type, shape, data }: Tensor): Tensor => {
    const row = shape.slice(1).reduce((product, size) => product * size, 1);
    return { type, shape: [to - from, ...shape.slice(1)], data: data.slice(from * row, to * row) as Tensor['data'] };
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, cut(tensor)]));
}

/** One batch of exactly `size` rows, starting over where the data set is shorter. */
export function repeatedBatch(data: Dataset, size: number): Record<string, Tensor> {
  if (size <= data.rows) return batch(data, 0, size);
  const repeat = ({ type, shape, data: elements }: Tensor): Tensor => {
    const row = elements.length / data.rows;
    const Elements = elements.constructor as { new (length: number): Tensor['data'] };
    const result = new Elements(size * row);
    for (let i = 0; i < size * row; i++) result[i] = elements[i % elements.length] as never;
    return { type, shape: [size, ...shape.slice(1)], data: result };
  };
  return Object.fromEntries(Object.entries(data.inputs).map(([name, tensor]) => [name, repeat(tensor)]));
}
