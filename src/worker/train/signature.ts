import type { TensorInfo } from '../../engines/engine.ts';
import { WorkerError } from '../failure.ts';

const written = ({ type, shape }: TensorInfo) => `${type} [${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]`;

/** A size that varies in the model must vary in the trained one too; where it is fixed, either will do. */
const fits = (trained: TensorInfo, wanted: TensorInfo) =>
  trained.type === wanted.type &&
  trained.shape.length === wanted.shape.length &&
  trained.shape.every((size, axis) => size < 0 || size === wanted.shape[axis]);

function differences(kind: string, trained: TensorInfo[], wanted: TensorInfo[]): string[] {
  const known = new Map(trained.map((each) => [each.name, each]));
  const missing = wanted.flatMap((each) => {
    const found = known.get(each.name);
    if (!found) return [`it has no ${kind} "${each.name}"`];
    return fits(found, each) ? [] : [`${kind} "${each.name}" is ${written(found)} and was ${written(each)}`];
  });
  const added = trained.filter(({ name }) => !wanted.some((each) => each.name === name));
  return [...missing, ...added.map(({ name }) => `it has a new ${kind} "${name}"`)];
}

interface Signature {
  inputs: TensorInfo[];
  outputs: TensorInfo[];
}

/** Throws WorkerError TrainerFailed when a trained model can't stand where the model stood. */
export function checkSignature(trained: Signature, wanted: Signature): void {
  const found = [
    ...differences('input', trained.inputs, wanted.inputs),
    ...differences('output', trained.outputs, wanted.outputs),
  ];
  if (found.length === 0) return;
  throw new WorkerError(
    'TrainerFailed',
    `the trained model must have the inputs and outputs of the model, and ${found.join('; ')}`,
  );
}
