import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { decode, type Model, ModelError } from '../core/onnx/model.ts';
import { withExternalData } from '../core/onnx/tensor-data/external.ts';

/** Protobuf ends at 2 GiB and the file system's reader too; larger models keep their weights in files of their own. */
export const largestModelBytes = 1.9 * 2 ** 30;

function readWhole(path: string): Uint8Array {
  const { size } = statSync(path);
  if (size > largestModelBytes) {
    throw new ModelError(
      `${path} has ${(size / 2 ** 30).toFixed(1)} GiB, more than 1.9 GiB: save it with external data (ONNX save_as_external_data)`,
    );
  }
  return new Uint8Array(readFileSync(path));
}

/** The bytes of a model file. Throws ModelError when there is no such file or it is too large. */
export function readModelBytes(path: string): Uint8Array {
  if (!existsSync(path)) throw new ModelError(`there is no file ${path}`);
  if (!statSync(path).isFile()) throw new ModelError(`${path} is no file`);
  return readWhole(path);
}

/** A model with its external data, which lies beside it. Throws ModelError, a sentence, for whatever is wrong. */
export function readModel(path: string): Model {
  const beside = (location: string) => {
    const file = join(dirname(path), location);
    return existsSync(file) && statSync(file).isFile() ? readWhole(file) : undefined;
  };
  const read = new Map<string, Uint8Array | undefined>();
  return withExternalData(decode(readModelBytes(path)), (location) => {
    if (!read.has(location)) read.set(location, beside(location));
    return read.get(location);
  });
}
