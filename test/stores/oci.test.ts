import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Manifest } from '../../src/stores/oci/manifest.ts';
import { ociStore } from '../../src/stores/oci/oci.ts';
import { readUri } from '../../src/stores/read.ts';
import { storeContract } from '../contract/store.ts';
import { Servers, whyNot } from './servers.ts';

const login = { username: 'retune', password: 'secret' };
const bytes = new TextEncoder().encode('a model');
const skip = whyNot();
let servers: Servers;
let registry: Awaited<ReturnType<Servers['registry']>>;
let repositories = 0;
const repository = () => `oci://${registry.host}/team/models${++repositories}`;

/** The environment of a pod that has this login mounted. */
async function mounted(host: string, { username, password } = login): Promise<NodeJS.ProcessEnv> {
  const folder = join(servers.folder, `mounted-${password}`);
  await mkdir(folder, { recursive: true });
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  await writeFile(join(folder, '.dockerconfigjson'), JSON.stringify({ auths: { [host]: { auth } } }));
  return { RETUNE_STORE_CREDENTIALS: folder };
}

describe('artifacts in a real OCI registry', { skip }, () => {
  before(async () => {
    servers = await Servers.open();
    registry = await servers.registry();
  });
  after(() => servers?.stop());

  storeContract('OCI registry', async () => {
    const uri = repository();
    return {
      store: ociStore(uri),
      second: ociStore(uri),
      corrupt: async (digest) => {
        const file = join(registry.blobs, digest.slice(7, 9), digest.slice(7), 'data');
        await writeFile(file, (await readFile(file, 'utf8')).toUpperCase());
      },
    };
  });

  test('an artifact is an OCI artifact whose layer is the model, with what is told of it', async () => {
    const uri = repository();
    const store = ociStore(uri);
    const annotations = { 'dev.retune.candidate': '{"precision":"INT8Static"}' };
    const digest = await store.put(bytes, { mediaType: 'application/onnx', annotations });
    await store.annotate?.(digest, { 'dev.retune.quality': '0.98' });
    // Put again, as another search would: nothing that was told is lost.
    await ociStore(uri).put(bytes);
    const url = `http://${registry.host}/v2/${new URL(uri).pathname.slice(1)}/manifests/${digest.slice(7)}`;
    const response = await fetch(url, { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } });
    const manifest = (await response.json()) as Manifest;
    assert.equal(manifest.artifactType, 'application/vnd.retune.artifact.v1');
    const { annotations: title, ...layer } = manifest.layers[0] ?? {};
    assert.deepEqual(layer, { mediaType: 'application/onnx', digest, size: bytes.length });
    assert.deepEqual(title, { 'org.opencontainers.image.title': `${digest.slice(7, 19)}.onnx` });
    const { 'org.opencontainers.image.created': created, ...told } = manifest.annotations;
    assert.deepEqual(told, { ...annotations, 'dev.retune.quality': '0.98' });
    assert.ok(Math.abs(Date.parse(created ?? '') - Date.now()) < 60_000);
    assert.deepEqual(new Uint8Array(await readUri(store.uri(digest), {})), bytes);
  });

  test('what is told of an artifact that is not there is NotFound', async () => {
    const absent = `sha256:${'0'.repeat(64)}`;
    const told = ociStore(repository()).annotate?.(absent, { a: 'b' });
    await assert.rejects(told ?? Promise.resolve(), { name: 'StoreError', reason: 'NotFound' });
  });

  test('a registry with a login of its own takes the mounted one', async () => {
    const htpasswd = join(servers.folder, 'htpasswd');
    await writeFile(htpasswd, 'retune:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n');
    const { host } = await servers.registry({ htpasswd: { realm: 'test', path: htpasswd } });
    const uri = `oci://${host}/models`;
    const store = ociStore(uri, await mounted(host));
    assert.deepEqual(new Uint8Array(await store.get(await store.put(bytes))), bytes);
    await assert.rejects(ociStore(uri, { HOME: servers.folder }).put(bytes), {
      reason: 'Denied',
      message: /wants a login and there is none: mount a docker config\.json/,
    });
    const wrong = await mounted(host, { ...login, password: 'old' });
    await assert.rejects(ociStore(uri, wrong).put(bytes), { reason: 'Denied', retryable: false });
  });

  test('a registry that wants tokens gets one for its scope, and one that refuses the login is told of', async () => {
    const { host, asked, close } = await servers.tokenRegistry(login);
    try {
      const uri = `oci://${host}/team/models`;
      const store = ociStore(uri, await mounted(host));
      const digest = await store.put(bytes);
      assert.deepEqual(new Uint8Array(await store.get(digest)), bytes);
      assert.equal(await store.remove(digest, Date.now() + 60_000), true);
      assert.deepEqual(new Set(asked), new Set(['repository:team/models:pull,push,delete']));
      assert.equal(asked.length, 1, 'a token is asked for once');
      await assert.rejects(ociStore(uri, await mounted(host, { ...login, password: 'old' })).put(bytes), {
        reason: 'Denied',
        message: /refuses the login that is mounted; it may have expired: mount/,
      });
    } finally {
      await close();
    }
  });

  test('a registry that has gone is Unreachable, and may be back', async () => {
    const { host, stop } = await servers.registry();
    const store = ociStore(`oci://${host}/models`);
    const digest = await store.put(bytes);
    await stop();
    await assert.rejects(store.get(digest), {
      reason: 'Unreachable',
      retryable: true,
      message: `the artifact store at ${host} does not answer (ECONNREFUSED): check its address, its service and network policies`,
    });
  });
});
