import { fileURLToPath } from 'node:url';
import { directoryStore } from './directory/directory.ts';
import { httpStore } from './http/http.ts';
import { trustMounted } from './mounted.ts';
import { ociStore } from './oci/oci.ts';
import { s3Store } from './s3/s3.ts';
import { type ArtifactStore, StoreError } from './store.ts';

type Opener = (uri: string, environment: NodeJS.ProcessEnv) => ArtifactStore;
const openers: Record<string, Opener> = {
  'file:': (uri) => directoryStore(fileURLToPath(uri)),
  's3:': s3Store,
  'oci:': ociStore,
  'http:': httpStore,
  'https:': httpStore,
};

/**
 * The store that a URI names: `file:///folder`, `s3://bucket/prefix`, `oci://registry/repository`, or for reading alone
 * `https://host/path`. Nothing is asked of it yet. Throws StoreError Invalid with what to write.
 */
export function openStore(uri: string, environment: NodeJS.ProcessEnv = process.env): ArtifactStore {
  const opener = URL.canParse(uri) ? openers[new URL(uri).protocol] : undefined;
  if (!opener) {
    throw new StoreError(
      'Invalid',
      `"${uri}" is not an artifact store that can be opened: write file:///path/to/folder, s3://bucket/prefix, oci://registry/repository or https://host/path`,
    );
  }
  trustMounted(environment);
  return opener(uri, environment);
}
