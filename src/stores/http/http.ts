import { readFile } from 'node:fs/promises';
import { hexOf, verified } from '../digest.ts';
import { mountedFile } from '../mounted.ts';
import { bodyOf, send } from '../retry.ts';
import { type ArtifactStore, StoreError } from '../store.ts';

const readOnly = (place: string, what: string) =>
  new StoreError(
    'ReadOnly',
    `${place} is read over HTTP only and can't ${what}: give workers a store of file://, s3:// or oci://`,
  );

/** A bearer token, where one is mounted. */
async function headersOf(environment: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const file = mountedFile(environment, 'token');
  return file ? { authorization: `Bearer ${(await readFile(file, 'utf8')).trim()}` } : {};
}

/** An answer that is the file, or a StoreError with a sentence. */
async function expectFile(response: Response, place: string): Promise<Response> {
  const { status } = response;
  if (response.ok) return response;
  await response.body?.cancel();
  const { host } = new URL(place);
  if (status === 404 || status === 410)
    throw new StoreError('NotFound', `${place} is not there: ${host} answers ${status}`);
  if (status === 401 || status === 403)
    throw new StoreError(
      'Denied',
      `${host} refuses ${place} (${status}): mount a token that may read it as the file "token" (RETUNE_STORE_SECRET)`,
    );
  if (status === 429 || status >= 500)
    throw new StoreError('Unreachable', `${host} answers ${status} for ${place}: try later, or look at its log`);
  throw new StoreError('Invalid', `${host} answers ${status} for ${place}: is it a plain file server?`);
}

/** A file by its URL, checked against its digest. Throws StoreError. */
export async function readUrl(
  url: string,
  digest: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Uint8Array> {
  const response = await send(url, { headers: await headersOf(environment) });
  return verified(await bodyOf(await expectFile(response, url)), digest, url);
}

/** Artifacts as `<base>/sha256/<hex>` of a web server: a directory store that someone serves. Only for reading. */
export function httpStore(base: string, environment: NodeJS.ProcessEnv = process.env): ArtifactStore {
  const place = base.replace(/\/+$/, '');
  const urlOf = (digest: string) => `${place}/sha256/${hexOf(digest)}`;
  return {
    put: async () => {
      throw readOnly(place, 'store anything');
    },
    get: (digest) => readUrl(urlOf(digest), digest, environment),
    async has(digest) {
      const response = await send(urlOf(digest), { method: 'HEAD', headers: await headersOf(environment) });
      if (response.status === 404 || response.status === 410) return false;
      await expectFile(response, urlOf(digest));
      return true;
    },
    uri: urlOf,
    // biome-ignore lint/correctness/useYield: it has nothing to list, and says so
    list: async function* () {
      throw readOnly(place, 'be listed');
    },
    remove: async () => {
      throw readOnly(place, 'have anything removed');
    },
  };
}
