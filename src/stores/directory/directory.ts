import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ArtifactStore, StoreError } from '../store.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

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

/** Artifacts as files `<root>/sha256/<hex>`: a folder of this machine, a hostPath or a PersistentVolumeClaim. */
export function directoryStore(root: string): ArtifactStore {
  const folder = join(resolve(root), 'sha256');
  const pathOf = (digest: string) => join(folder, digest.replace(/^sha256:/, ''));

  return {
    async put(bytes) {
      const digest = `sha256:${hash(bytes)}`;
      try {
        await mkdir(folder, { recursive: true });
        if (!(await this.has(digest))) await writeWhole(pathOf(digest), bytes);
      } catch (error) {
        const reason = (error as Error).message;
        throw new StoreError('Unreachable', `the artifact store ${folder} can't be written: ${reason}`, {
          cause: error,
        });
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
      if (`sha256:${hash(bytes)}` !== digest) {
        throw new StoreError('Corrupt', `${path} does not hash to its name: delete it, and it will be made again`);
      }
      return bytes;
    },

    has: (digest) =>
      access(pathOf(digest)).then(
        () => true,
        () => false,
      ),

    uri: (digest) => pathToFileURL(pathOf(digest)).href,
  };
}
