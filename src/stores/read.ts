import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { digestNamed, verified } from './digest.ts';
import { readUrl } from './http/http.ts';
import { trustMounted } from './mounted.ts';
import { openStore } from './open.ts';
import { StoreError } from './store.ts';

const storeVariable = 'RETUNE_STORE';
/**
 * `s3://bucket/prefix/sha256/<hex>` and `oci://registry/repository:<hex>`, as `uri` of their stores writes them. No
 * parameters: whoever may name a model must not name where this process sends its signed requests.
 */
const inStore = /^(s3:\/\/[^?#]+?)\/sha256\/([0-9a-f]{64})$|^(oci:\/\/[^?#]+):([0-9a-f]{64})$/;

const withoutParameters = (uri: string) => uri.replace(/[?#].*$/, '').replace(/\/+$/, '');

/** RETUNE_STORE says more of a store than the URI of an artifact does, its endpoint for example, where it is the same. */
function settingsOf(store: string, environment: NodeJS.ProcessEnv): string {
  const configured = environment[storeVariable] ?? '';
  return withoutParameters(configured) === store ? configured : store;
}

async function readFileUri(uri: string, digest: string | undefined): Promise<Uint8Array> {
  const path = fileURLToPath(uri);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    const reason = cause.code === 'ENOENT' ? 'NotFound' : 'Unreachable';
    throw new StoreError(reason, `the model ${uri} can't be read: ${why}; check RETUNE_MODEL and what is mounted`, {
      cause,
    });
  });
  // A file of a store has its digest for a name; any other file is what it is.
  return digest ? verified(bytes, digest, uri) : bytes;
}

/** The digest that a URI carries: as its fragment, or as the name of an artifact in a folder `sha256`. */
function digestIn(uri: string): string | undefined {
  const [, hex] = /#sha256:([0-9a-f]{64})$/.exec(uri) ?? /\/sha256\/([0-9a-f]{64})$/.exec(uri) ?? [];
  return hex && digestNamed(hex);
}

async function readHttp(uri: string, environment: NodeJS.ProcessEnv): Promise<Uint8Array> {
  const digest = digestIn(uri);
  if (!digest) {
    throw new StoreError(
      'Invalid',
      `${uri} names no digest, and what a server sends can't be checked: write ${uri}#sha256:<digest>`,
    );
  }
  trustMounted(environment);
  const url = uri.replace(/#.*$/, '');
  // The mounted token is for the store that is configured, and no one else's server is shown it.
  const store = withoutParameters(environment[storeVariable] ?? '');
  const known = /^https?:/.test(store) && url.startsWith(`${store}/`);
  return readUrl(url, digest, known ? environment : {});
}

/**
 * The bytes that a URI names, checked against the digest in it: the URI of an artifact in any store, a file, or a URL
 * that ends with `#sha256:<digest>`. Throws StoreError.
 */
export async function readUri(uri: string, environment: NodeJS.ProcessEnv = process.env): Promise<Uint8Array> {
  if (uri.startsWith('file://')) return readFileUri(uri, digestIn(uri));
  if (/^https?:\/\//.test(uri)) return readHttp(uri, environment);
  const [, s3, s3Hex, oci, ociHex] = inStore.exec(uri) ?? [];
  const [store, hex] = [s3 ?? oci, s3Hex ?? ociHex];
  if (store && hex) return openStore(settingsOf(store, environment), environment).get(`sha256:${hex}`);
  throw new StoreError(
    'Invalid',
    `the model ${uri} can't be read: write file:///path/to/model.onnx, or an artifact as status.artifact.uri of its Variant names it`,
  );
}
