import { randomBytes } from 'node:crypto';
import { access, mkdir, open, opendir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { digestNamed, digestOf, hexOf, verified } from '../digest.ts';
import { type ArtifactStore, StoreError } from '../store.ts';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';
const isMissing = (error: unknown) => codeOf(error) === 'ENOENT';

/** Writes a file that is whole or not there, whatever dies meanwhile: temporary name, fsync, rename. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o444);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

function notWritten(folder: string, error: unknown): StoreError {
  const { message } = error as Error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const what = code === 'ENOSPC' ? 'is full' : 'has reached its quota';
    const text = `the artifact store ${folder} ${what}: make room with \`retune gc\`, or enlarge its volume`;
    return new StoreError('Full', text, { cause: error });
  }
  if (code === 'EROFS') {
    const text = `the artifact store ${folder} is mounted read-only: mount it writable for worker pods`;
    return new StoreError('ReadOnly', text, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const text = `the artifact store ${folder} can't be written (${code}): make it writable for the user that runs this, 65532 in pods`;
    return new StoreError('Denied', text, { cause: error });
  }
  return new StoreError('Unreachable', `the artifact store ${folder} can't be written: ${message}`, { cause: error });
}

/** Artifacts as files `<root>/sha256/<hex>`: a folder of this machine, a hostPath or a PersistentVolumeClaim. */
export function directoryStore(root: string): ArtifactStore {
  const folder = join(resolve(root), 'sha256');
  const pathOf = (digest: string) => join(folder, hexOf(digest));

  /** Says that the artifact was put now. Another user's file can't be told so: it is as good as it was. */
  async function touch(path: string): Promise<boolean> {
    const now = new Date();
    return utimes(path, now, now).then(
      () => true,
      (error: unknown) => !isMissing(error),
    );
  }

  return {
    async put(bytes) {
      const digest = digestOf(bytes);
      const path = pathOf(digest);
      try {
        await mkdir(folder, { recursive: true });
        if (!(await touch(path))) await writeWhole(path, bytes);
      } catch (error) {
        throw notWritten(folder, error);
      }
      return digest;
    },

    async get(digest) {
      const path = pathOf(digest);
      const bytes = await readFile(path).catch((error: unknown) => {
        if (isMissing(error))
          throw new StoreError('NotFound', `the artifact store has no ${digest} (looked for ${path})`);
        throw new StoreError('Unreachable', `${path} can't be read: ${(error as Error).message}`, { cause: error });
      });
      return verified(bytes, digest, path);
    },

    has: (digest) =>
      access(pathOf(digest)).then(
        () => true,
        () => false,
      ),

    uri: (digest) => pathToFileURL(pathOf(digest)).href,

    async *list() {
      const entries = await opendir(folder).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw new StoreError('Unreachable', `${folder} can't be read: ${(error as Error).message}`, { cause: error });
      });
      for await (const { name } of entries) {
        const digest = digestNamed(name);
        // Temporary files of writers that live, or died, are none of ours to name.
        const found = digest && (await stat(join(folder, name)).catch(() => undefined));
        if (found) yield { digest, sizeBytes: found.size, modifiedMs: found.mtimeMs };
      }
    },

    async remove(digest, notAfterMs) {
      const path = pathOf(digest);
      const found = await stat(path).catch(() => undefined);
      if (!found || found.mtimeMs > notAfterMs) return false;
      await rm(path, { force: true }).catch((error: unknown) => {
        throw notWritten(folder, error);
      });
      return true;
    },
  };
}
