import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ArtifactStore } from '../../stores/store.ts';
import { type Modules, openStore } from '../modules.ts';

/**
 * Calls `use` with the URI of a store on this machine that has these artifacts. The processes that are measured load from
 * it: what a client of a store on the network takes would count as memory of the model, and its timers as noise.
 */
export async function withNearby<T>(
  { modules, uri, store }: { modules: Modules; uri: string; store: ArtifactStore },
  digests: string[],
  use: (uri: string) => Promise<T>,
): Promise<T> {
  if (uri.startsWith('file:')) return use(uri);
  const folder = await mkdtemp(join(tmpdir(), 'retune-nearby-'));
  const near = pathToFileURL(folder).href;
  try {
    const local = await openStore(modules, near);
    for (const digest of digests) await local.put(await store.get(digest));
    return await use(near);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
