import { fileURLToPath } from 'node:url';
import type { StoreSettings } from '../controllers/shared/store-mount.ts';
import { openStore } from '../stores/open.ts';

const defaultPath = '/var/lib/retune';

/**
 * Where workers keep artifacts, from the environment of the operator: RETUNE_STORE with its URI; for a file:// URI
 * RETUNE_STORE_CLAIM or RETUNE_STORE_HOST_PATH, what is mounted at its path; for the others RETUNE_STORE_SECRET and
 * RETUNE_STORE_SERVICE_ACCOUNT, whose credentials worker pods have. Throws with what to write.
 */
export function storeSettings(environment: NodeJS.ProcessEnv, chosen?: string): StoreSettings {
  const uri = chosen ?? environment.RETUNE_STORE ?? `file://${defaultPath}`;
  openStore(uri, environment);
  if (/^https?:/.test(uri)) {
    throw new Error(`RETUNE_STORE is ${uri}, which can only be read, and workers write: give s3://, oci:// or file://`);
  }
  const pod = {
    ...(environment.RETUNE_STORE_SECRET && { secretName: environment.RETUNE_STORE_SECRET }),
    ...(environment.RETUNE_STORE_SERVICE_ACCOUNT && { serviceAccountName: environment.RETUNE_STORE_SERVICE_ACCOUNT }),
  };
  if (!uri.startsWith('file:')) return { uri, ...pod };
  const mountPath = fileURLToPath(uri);
  const claimName = environment.RETUNE_STORE_CLAIM;
  return { ...(claimName ? { claimName } : { hostPath: environment.RETUNE_STORE_HOST_PATH ?? mountPath }), mountPath };
}
