import { setTimeout as sleep } from 'node:timers/promises';
import { digestNamed, digestOf, hexOf, verified } from '../digest.ts';
import { bodyOf } from '../retry.ts';
import { type ArtifactStore, freshMs, StoreError } from '../store.ts';
import { parseOci } from './location.ts';
import { emptyConfig, type Manifest, manifestOf, manifestType, putAt, putMsOf, withAnnotations } from './manifest.ts';
import { expect, registryClient } from './registry.ts';

const unknown = { mediaType: 'application/octet-stream' };
const pageSize = 1000;

/** The next page, by a Link header (RFC 8288): `</v2/…/tags/list?last=…>; rel="next"`. */
const nextPage = (response: Response) => /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];

/** A manifest that is refused is pushed again, so many times. */
const mostRepeats = 4;

/**
 * Artifacts in a repository of an OCI registry (distribution specification 1.1), each a manifest under the tag of its own
 * digest's 64 digits with the artifact as its only layer. The manifest carries when it was put and what is told of it,
 * as annotations. Throws StoreError Invalid for a URI that names no repository.
 */
export function ociStore(uri: string, environment: NodeJS.ProcessEnv = process.env): ArtifactStore {
  const location = parseOci(uri);
  const { request } = registryClient(location, environment);
  const repository = `${location.registry}/${location.repository}`;
  const placeOf = (digest: string) => `oci://${repository}:${hexOf(digest)}`;

  async function pushBlob(bytes: Uint8Array): Promise<void> {
    const digest = digestOf(bytes);
    const there = await request(`blobs/${digest}`, { method: 'HEAD' });
    if (there.ok) return;
    const opened = await expect(
      await request('blobs/uploads/', { method: 'POST' }),
      [202],
      `an upload to ${repository}`,
    );
    await opened.body?.cancel();
    const target = new URL(opened.headers.get('location') ?? '', opened.url);
    target.searchParams.set('digest', digest);
    const body = new Uint8Array(bytes);
    const headers = { 'content-type': 'application/octet-stream' };
    const done = await request(target.href, { method: 'PUT', headers, body });
    await (await expect(done, [201], placeOf(digest))).body?.cancel();
  }

  async function pushManifest(digest: string, manifest: Manifest): Promise<void> {
    const body = JSON.stringify(manifest);
    const headers = { 'content-type': manifestType };
    const push = () => request(`manifests/${hexOf(digest)}`, { method: 'PUT', headers, body });
    let response = await push();
    // Docker's registry now and then takes the bytes of one of two pushes at once for those of the other (DIGEST_INVALID).
    for (let again = 1; response.status === 400 && again <= mostRepeats; again++) {
      await response.body?.cancel();
      await sleep(50 * again);
      response = await push();
    }
    await (await expect(response, [201], placeOf(digest))).body?.cancel();
  }

  /** The manifest of an artifact with its own digest; undefined when there is none. */
  async function manifest(digest: string): Promise<{ manifest: Manifest; digest: string } | undefined> {
    const response = await request(`manifests/${hexOf(digest)}`, { headers: { accept: manifestType } });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    const bytes = await bodyOf(await expect(response, [200], placeOf(digest)));
    const found = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
    if (found.layers?.[0]?.digest === digest) return { manifest: found, digest: digestOf(bytes) };
    throw new StoreError(
      'Corrupt',
      `${placeOf(digest)} is not the artifact ${digest}: delete the tag, and it will be made again`,
    );
  }

  return {
    async put(bytes, about = unknown) {
      const digest = digestOf(bytes);
      const found = await manifest(digest);
      if (found && Math.abs(Date.now() - putMsOf(found.manifest)) < freshMs) return digest;
      await Promise.all([pushBlob(bytes), pushBlob(emptyConfig)]);
      const known = found?.manifest ?? manifestOf(digest, bytes.length, about, Date.now());
      await pushManifest(digest, putAt(known, Date.now()));
      return digest;
    },

    async get(digest) {
      const response = await request(`blobs/${digest}`);
      const place = placeOf(digest);
      return verified(await bodyOf(await expect(response, [200], place)), digest, place);
    },

    has: async (digest) => (await manifest(digest)) !== undefined,

    uri: placeOf,

    async *list() {
      let path: string | undefined = `tags/list?n=${pageSize}`;
      while (path) {
        const response: Response = await request(path);
        if (response.status === 404) return;
        await expect(response, [200], `the tags of ${repository}`);
        const { tags } = (await response.json()) as { tags: string[] | null };
        for (const tag of tags ?? []) {
          const digest = digestNamed(tag);
          const found = digest && (await manifest(digest));
          if (found)
            yield { digest, sizeBytes: found.manifest.layers[0]?.size ?? 0, modifiedMs: putMsOf(found.manifest) };
        }
        path = nextPage(response);
      }
    },

    async remove(digest, notAfterMs) {
      const found = await manifest(digest);
      if (!found || putMsOf(found.manifest) > notAfterMs) return false;
      const response = await request(`manifests/${found.digest}`, { method: 'DELETE' });
      if (response.status === 405)
        throw new StoreError(
          'ReadOnly',
          `the registry ${location.registry} lets nothing be deleted: allow it (storage.delete.enabled), or collect no garbage there`,
        );
      await (await expect(response, [200, 202, 404], placeOf(digest))).body?.cancel();
      // The registry's own garbage collection frees the bytes; a blob it lets go now can't be read any more.
      await (await request(`blobs/${digest}`, { method: 'DELETE' })).body?.cancel();
      return true;
    },

    async annotate(digest, annotations) {
      const found = await manifest(digest);
      if (!found) throw new StoreError('NotFound', `${placeOf(digest)} is not there`);
      const known = found.manifest.annotations ?? {};
      if (Object.entries(annotations).every(([name, value]) => known[name] === value)) return;
      await pushManifest(digest, withAnnotations(found.manifest, annotations));
    },
  };
}
