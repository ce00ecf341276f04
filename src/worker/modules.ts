import type { Provider } from '../api/task.ts';
import type { Engine } from '../engines/engine.ts';
import type { ArtifactStore } from '../stores/store.ts';

/**
 * URLs of the adapters that a worker is to load. It is told them, so that it depends on none, and hands them on to its
 * own child processes.
 */
export interface Modules {
  /** Exports `engineOn`. */
  engine: string;
  /** Exports `openStore` and, for inputs that are no files, `readUri`. */
  stores: string;
  /** What models run on: the CPU when left out. */
  provider?: Provider;
}

export async function loadEngine({ engine: url, provider = 'CPU' }: Modules): Promise<Engine> {
  const { engineOn } = (await import(url)) as { engineOn: (provider: Provider) => Engine };
  return engineOn(provider);
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
