import type { Tensor, TensorInfo } from '../engines/engine.ts';
import { WorkerError } from './failure.ts';
import { readNpz } from './npz.ts';
import { numbersOf } from './numbers.ts';

/** Inputs of a model, row by row, with what is right for them where it is known. */
export interface Dataset {
  rows: number;
  inputs: Record<string, Tensor>;
  /** The right class of each row, or of each position of each row, row after row; negative ones don't count. */
  labels?: number[];
  /** What the output should be, row after row. */
  targets?: Float32Array;
  /** How alike people find rows 2i and 2i + 1. */
  scores?: Float32Array;
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

const truths = {
  labels: { floats: false, shape: '[N] or [N, positions]', fits: (first: number, rows: number) => first === rows },
  targets: { floats: true, shape: '[N, …]', fits: (first: number, rows: number) => first === rows },
  scores: { floats: true, shape: '[N / 2]', fits: (first: number, rows: number) => 2 * first === rows },
} as const;

/** What quality is judged by. An input of the model that has one of these names is an input. */
function judgedBy(
  arrays: Record<string, Tensor>,
  inputs: Record<string, Tensor>,
  rows: number,
): Pick<Dataset, 'labels' | 'targets' | 'scores'> {
  const of = (name: keyof typeof truths): Tensor | undefined => {
    const found = name in inputs ? undefined : arrays[name];
    if (!found) return undefined;
    const { floats, shape, fits: right } = truths[name];
    const isFloat = found.type === 'FP32' || found.type === 'FP16';
    if (isFloat && !floats) {
      throw new WorkerError('DataInvalid', `the data set's "${name}" is ${found.type}: save it as integers`);
    }
    if (!right(found.shape[0] ?? 0, rows)) {
      const is = `[${found.shape.join(', ')}]`;
      throw new WorkerError(
        'DataInvalid',
        `the data set's "${name}" has shape ${is} for ${rows} rows: it must be ${shape}`,
      );
    }
    return found;
  };
  const labels = of('labels');
  const [targets, scores] = [of('targets'), of('scores')];
  return {
    labels: labels && Array.from(labels.data, Number),
    targets: targets && Float32Array.from(numbersOf(targets)),
    scores: scores && Float32Array.from(numbersOf(scores)),
  };
}

/**
 * A data set for a model with these inputs, from the bytes of an .npz file: one array an input, named as it is, with
 * the rows on the first axis; besides, where a metric needs them, `labels` (integers, [N] or [N, positions]), `targets`
 * (floats, [N, …]) and `scores` (floats, [N / 2]). Throws WorkerError DataInvalid with what was expected and found.
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
  return { rows, inputs: found, ...judgedBy(arrays, found, rows) };
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
