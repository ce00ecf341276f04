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
  /** Exports `openStore`. */
  stores: string;
  /** What models run on: the CPU when left out. */
  provider?: Provider;
}

export async function loadEngine({ engine: url, provider = 'CPU' }: Modules): Promise<Engine> {
  const { engineOn } = (await import(url)) as { engineOn: (provider: Provider) => Engine };
  return engineOn(provider);
}

export async function openStore({ stores: url }: Modules, uri: string): Promise<ArtifactStore> {
  const { openStore: open } = (await import(url)) as { openStore: (uri: string) => ArtifactStore };
  return open(uri);
}
