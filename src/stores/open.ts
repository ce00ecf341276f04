import { fileURLToPath } from 'node:url';
import { directoryStore } from './directory/directory.ts';
import { type ArtifactStore, StoreError } from './store.ts';

/** The store that a URI names; today a folder, `file:///var/lib/retune`. */
export function openStore(uri: string): ArtifactStore {
  if (uri.startsWith('file://')) return directoryStore(fileURLToPath(uri));
  throw new StoreError(
    'Unreachable',
    `"${uri}" is not an artifact store that can be opened: write file:///path/to/folder`,
  );
}
