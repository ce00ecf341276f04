import type { Engine } from '../engines/engine.ts';
import type { ArtifactStore } from '../stores/store.ts';

/**
 * URLs of the adapters that a worker is to load. It is told them, so that it depends on none, and hands them on to its
 * own child processes.
 */
export interface Modules {
  /** Exports `engine`. */
  engine: string;
  /** Exports `openStore` and, for inputs that are no files, `readUri`. */
  stores: string;
}

export async function loadEngine({ engine: url }: Modules): Promise<Engine> {
  const { engine } = (await import(url)) as { engine: Engine };
  return engine;
}

/** The bytes that a URI names, checked against the digest in it. Throws StoreError. */
export async function readUri({ stores: url }: Modules, uri: string): Promise<Uint8Array> {
  const { readUri: read } = (await import(url)) as { readUri: (uri: string) => Promise<Uint8Array> };
  return read(uri);
}

export async function openStore({ stores: url }: Modules, uri: string): Promise<ArtifactStore> {
  const { openStore: open } = (await import(url)) as { openStore: (uri: string) => ArtifactStore };
  return open(uri);
}
