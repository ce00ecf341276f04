import type { Session, Tensor } from '../../engines/engine.ts';
import { WorkerError } from '../failure.ts';
import { numbersOf } from '../numbers.ts';
import type { Batch } from './batches.ts';

/** One output of a batch as rows of `positions` times `classes` numbers. */
export interface Rows {
  from: number;
  rows: number;
  values: ArrayLike<number>;
  positions: number;
  classes: number;
  shape: number[];
}

/** The name of the judged output: the one asked for, else the first. Throws WorkerError when there is no such one. */
export function judgedOutput({ outputs }: Pick<Session, 'outputs'>, wanted: string | undefined): string {
  const names = outputs.map(({ name }) => name);
  const name = wanted ?? names[0] ?? '';
  if (names.includes(name)) return name;
  throw new WorkerError(
    'ModelInvalid',
    `the model has no output "${name}", it has ${names.join(', ')}: correct spec.quality.output`,
  );
}

/**
 * The output as rows. Its last axis are the classes and those between are positions ([N, C]: one position; [N, S, V]: S
 * of them); axes of size one at its end are none. Throws WorkerError when it has not a row, or several, for each input.
 */
export function rowsOf({ from, to, outputs }: Batch, output: string): Rows {
  const tensor = outputs[output] as Tensor;
  const rows = to - from;
  const [first = 0, ...rest] = tensor.shape;
  if (first === 0 || first % rows !== 0 || tensor.data.length === 0) {
    const is = `[${tensor.shape.join(', ')}]`;
    throw new WorkerError(
      'ModelInvalid',
      `the output "${output}" is ${is} for ${rows} rows: choose another with spec.quality.output`,
    );
  }
  const inner = rest.slice(0, rest.findLastIndex((size) => size !== 1) + 1);
  const classes = inner.at(-1) ?? 1;
  const positions = tensor.data.length / rows / classes;
  return { from, rows, values: numbersOf(tensor), positions, classes, shape: tensor.shape };
}
