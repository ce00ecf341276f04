import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FileRef } from '../api/common.ts';
import type { Task } from '../api/task.ts';
import { type Modules, readUri } from './modules.ts';

const isFar = ({ uri }: FileRef) => !uri.startsWith('file:');

/** A URI with the digest that its reference names beside it, where it has none of its own. */
const withDigest = ({ uri, digest }: FileRef) =>
  digest && /^https?:/.test(uri) && !uri.includes('#') ? `${uri}#${digest}` : uri;

const isRef = (value: unknown): value is FileRef =>
  typeof value === 'object' && value !== null && 'uri' in value && typeof value.uri === 'string';

/** Every file that a task names, wherever it stands in it. */
function* refsIn(value: unknown): Generator<FileRef> {
  if (isRef(value)) yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* refsIn(each);
}

/**
 * Calls `use` with the task in which every file that lies elsewhere (in a store, or behind a URL with a digest) is a copy
 * on this machine. Nothing is fetched while something is measured. Throws StoreError or WorkerError.
 */
export async function withInputs<T>(modules: Modules, task: Task, use: (task: Task) => Promise<T>): Promise<T> {
  const far = new Map([...refsIn(task)].filter(isFar).map((ref) => [ref.uri, ref]));
  if (far.size === 0) return use(task);
  const folder = await mkdtemp(join(tmpdir(), 'retune-inputs-'));
  try {
    const near = new Map<string, string>();
    for (const ref of far.values()) {
      const path = join(folder, String(near.size));
      await writeFile(path, await readUri(modules, withDigest(ref)));
      near.set(ref.uri, pathToFileURL(path).href);
    }
    return await use(
      JSON.parse(JSON.stringify(task), (_, value) =>
        isRef(value) ? { ...value, uri: near.get(value.uri) ?? value.uri } : value,
      ) as Task,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
