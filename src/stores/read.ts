import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { digestNamed, verified } from './digest.ts';
import { readUrl } from './http/http.ts';
import { trustMounted } from './mounted.ts';
import { openStore } from './open.ts';
import { StoreError } from './store.ts';

const storeVariable = 'RETUNE_STORE';
/** `s3://bucket/prefix/sha256/<hex>` and `oci://registry/repository:<hex>`, as `uri` of their stores writes them. */
const inStore = /^(s3:\/\/.+?)\/sha256\/([0-9a-f]{64})$|^(oci:\/\/.+?):([0-9a-f]{64})$/;
const fragment = /#sha256:([0-9a-f]{64})$/;

/** RETUNE_STORE says more of a store than the URI of an artifact does, its endpoint for example, where it is the same. */
function settingsOf(store: string, environment: NodeJS.ProcessEnv): string {
  const configured = environment[storeVariable] ?? '';
  return configured.split('?')[0]?.replace(/\/+$/, '') === store ? configured : store;
}

async function readFileUri(uri: string): Promise<Uint8Array> {
  const path = fileURLToPath(uri);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    const reason = cause.code === 'ENOENT' ? 'NotFound' : 'Unreachable';
    throw new StoreError(reason, `the model ${uri} can't be read: ${why}; check RETUNE_MODEL and what is mounted`, {
      cause,
    });
  });
  // A file of a store has its digest for a name; any other file is what it is.
  const digest = digestNamed(/\/sha256\/([^/]+)$/.exec(path)?.[1] ?? '');
  return digest ? verified(bytes, digest, uri) : bytes;
}

/**
 * The bytes that a URI names, checked against the digest in it: the URI of an artifact in any store, a file, or a URL
 * that ends with `#sha256:<digest>`. Throws StoreError.
 */
export async function readUri(uri: string, environment: NodeJS.ProcessEnv = process.env): Promise<Uint8Array> {
  if (uri.startsWith('file://')) return readFileUri(uri);
  const [, s3, s3Hex, oci, ociHex] = inStore.exec(uri) ?? [];
  const [store, hex] = [s3 ?? oci, s3Hex ?? ociHex];
  if (store && hex) return openStore(settingsOf(store, environment), environment).get(`sha256:${hex}`);
  if (!/^https?:\/\//.test(uri)) {
    throw new StoreError(
      'Invalid',
      `the model ${uri} can't be read: write file:///path/to/model.onnx, or an artifact as status.artifact.uri of its Variant names it`,
    );
  }
  const digest = digestNamed(fragment.exec(uri)?.[1] ?? /\/sha256\/([0-9a-f]{64})$/.exec(uri)?.[1] ?? '');
  if (!digest) {
    throw new StoreError(
      'Invalid',
      `${uri} names no digest, and what a server sends can't be checked: write ${uri}#sha256:<digest>`,
    );
  }
  trustMounted(environment);
  return readUrl(uri.replace(/#.*$/, ''), digest, environment);
}
