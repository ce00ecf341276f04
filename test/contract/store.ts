import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ArtifactStore } from '../../src/stores/store.ts';

export interface StoreSetup {
  store: ArtifactStore;
  /** The same store as another process sees it; of a store for reading, the reader. */
  second: ArtifactStore;
  /** Damages the stored bytes of a digest behind the store's back. */
  corrupt(digest: string): Promise<void>;
}

const encode = (text: string) => new TextEncoder().encode(text);
const bytes = encode('a model');
const absent = 'sha256:9972db35c2cdf00a77e9a62bd17dc8bd2e8e0ed8db3d3a26ab0b86dd8d6d03a9';

async function listed(store: ArtifactStore) {
  const found = [];
  for await (const each of store.list()) found.push(each);
  return found.sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** What every artifact store must do, those that are only read too: `second` is such a reader. */
export function readingContract(name: string, setup: () => Promise<StoreSetup>): void {
  describe(`reading an artifact store: ${name}`, () => {
    test('what is put comes back under its digest, in every process that opens the store', async () => {
      const { store, second } = await setup();
      const put = await store.put(bytes, { mediaType: 'application/onnx' });
      assert.match(put, /^sha256:[0-9a-f]{64}$/);
      assert.deepEqual(new Uint8Array(await second.get(put)), bytes);
      assert.equal(await second.has(put), true);
      assert.match(second.uri(put), new RegExp(`${put.slice(7)}$`));
    });

    test('an artifact that is not there is NotFound', async () => {
      const { second } = await setup();
      assert.equal(await second.has(absent), false);
      await assert.rejects(second.get(absent), { name: 'StoreError', reason: 'NotFound' });
    });

    test('damaged bytes are an error and never data', async () => {
      const { store, second, corrupt } = await setup();
      // Of its own: a registry keeps equal bytes of all repositories once.
      const put = await store.put(encode('a model that is damaged'));
      await corrupt(put);
      await assert.rejects(second.get(put), { name: 'StoreError', reason: 'Corrupt' });
    });

    test('what is no digest is refused, and leads nowhere', async () => {
      const { second } = await setup();
      for (const wrong of ['', 'sha256:abc', `sha256:../../${'a'.repeat(58)}`, `md5:${'a'.repeat(32)}`]) {
        assert.throws(() => second.uri(wrong), { name: 'StoreError', reason: 'Invalid' });
      }
    });
  });
}

/** What every artifact store that can be written must do besides. */
export function storeContract(name: string, setup: () => Promise<StoreSetup>): void {
  readingContract(name, setup);
  describe(`artifact store: ${name}`, () => {
    test('putting the same twice, at once or later, is one artifact', async () => {
      const { store, second } = await setup();
      const digests = await Promise.all([store.put(bytes), second.put(bytes), store.put(bytes)]);
      assert.equal(new Set(digests).size, 1);
      assert.equal(await store.put(bytes), digests[0]);
      assert.deepEqual(
        (await listed(second)).map(({ digest }) => digest),
        [digests[0]],
      );
    });

    test('an artifact of no bytes and one of many come back whole', async () => {
      const { store, second } = await setup();
      const large = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 7919) % 251);
      for (const content of [new Uint8Array(), large]) {
        assert.deepEqual(new Uint8Array(await second.get(await store.put(content))), content);
      }
    });

    test('all artifacts are listed with their sizes and when they were put', async () => {
      const { store, second } = await setup();
      assert.deepEqual(await listed(store), []);
      const texts = ['a', 'bb', 'ccc'];
      const digests = await Promise.all(texts.map((text) => store.put(encode(text))));
      const found = await listed(second);
      assert.deepEqual(
        found.map(({ digest }) => digest),
        [...digests].sort(),
      );
      for (const { digest, sizeBytes, modifiedMs } of found) {
        assert.equal(sizeBytes, texts[digests.indexOf(digest)]?.length);
        assert.ok(Math.abs(Date.now() - modifiedMs) < 60_000, `put at ${modifiedMs}`);
      }
    });

    test('what was put later than it is said to be garbage since is not removed', async () => {
      const { store, second } = await setup();
      const put = await store.put(bytes);
      assert.equal(await second.remove(put, Date.now() - 60_000), false);
      assert.equal(await second.has(put), true);
    });

    test('what is removed is gone, can be removed again, and can be put again', async () => {
      const { store, second } = await setup();
      const [put, other] = [await store.put(bytes), await store.put(encode('another'))];
      const later = Date.now() + 60_000;
      assert.equal(await second.remove(put, later), true);
      assert.equal(await store.has(put), false);
      await assert.rejects(store.get(put), { name: 'StoreError', reason: 'NotFound' });
      assert.equal(await second.remove(put, later), false);
      assert.deepEqual(
        (await listed(store)).map(({ digest }) => digest),
        [other],
      );
      assert.equal(await store.put(bytes), put);
      assert.deepEqual(new Uint8Array(await second.get(put)), bytes);
    });
  });
}
