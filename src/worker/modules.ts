import type { Engine } from '../engines/engine.ts';
import type { ArtifactStore } from '../stores/store.ts';

/**
 * URLs of the adapters that a worker is to load. It is told them, so that it depends on none, and hands them on to its
 * own child processes.
 */
export interface Modules {
  /** Exports `engine`. */
  engine: string;
  /** Exports `openStore`. */
  stores: string;
}

export async function loadEngine({ engine: url }: Modules): Promise<Engine> {
  const { engine } = (await import(url)) as { engine: Engine };
  return engine;
}

export async function openStore({ stores: url }: Modules, uri: string): Promise<ArtifactStore> {
  const { openStore: open } = (await import(url)) as { openStore: (uri: string) => ArtifactStore };
  return open(uri);
}
