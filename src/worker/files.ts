import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FileRef } from '../api/common.ts';
import type { FailureReason } from '../api/task.ts';
import { decode, type Model } from '../core/onnx/model.ts';
import { externalFiles, withExternalData } from '../core/onnx/tensor-data/external.ts';
import { WorkerError } from './failure.ts';

const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/**
 * A model with the weights that lie beside it, and what it is: the digest of its file, or where there are several of the
 * digests of all. Throws WorkerError or ModelError.
 */
export async function readModel(ref: FileRef): Promise<{ model: Model; digest: string }> {
  const bytes = await readRef(ref, 'ModelMissing');
  const model = decode(bytes);
  const files = new Map<string, Uint8Array>();
  for (const location of externalFiles(model).sort()) {
    const uri = new URL(location, ref.uri).href;
    files.set(location, await readRef({ uri }, 'ModelMissing'));
  }
  const parts = [digestOf(bytes), ...[...files].map(([location, data]) => `${digestOf(data)} ${location}`)];
  const digest = files.size === 0 ? digestOf(bytes) : digestOf(parts.join('\n'));
  return { model: withExternalData(model, (location) => files.get(location)), digest };
}

/** What a model is now. One that can't be read to its end throws WorkerError or ModelError: it may be half written. */
export const modelDigest = async (ref: FileRef): Promise<string> => (await readModel(ref)).digest;

/**
 * The bytes of a file, checked against its digest when one is given. `missing` is the reason a file that is not there
 * fails with.
 */
export async function readRef({ uri, digest }: FileRef, missing: FailureReason): Promise<Uint8Array> {
  if (!uri.startsWith('file://')) {
    throw new WorkerError(missing, `${uri} can't be read: write file:///path, as the worker pod sees it`);
  }
  const path = fileURLToPath(uri);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw new WorkerError(missing, `${uri} can't be read: ${why}; it must exist inside the worker pod`, { cause });
  });
  const found = digest && digestOf(bytes);
  if (digest !== found) {
    throw new WorkerError(
      'DigestMismatch',
      `${uri} hashes to ${found}, not to ${digest}: it was changed since it was named`,
    );
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
