import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ArtifactStore } from '../../src/stores/store.ts';

/** What every artifact store must do. `corrupt` damages the stored bytes of a digest behind the store's back. */
export function storeContract(
  name: string,
  setup: () => Promise<{ store: ArtifactStore; second: ArtifactStore; corrupt(digest: string): Promise<void> }>,
): void {
  const bytes = new TextEncoder().encode('a model');
  const digest = 'sha256:9972db35c2cdf00a77e9a62bd17dc8bd2e8e0ed8db3d3a26ab0b86dd8d6d03a9';

  describe(`artifact store: ${name}`, () => {
    test('what is put comes back under its digest, in every process that opens the store', async () => {
      const { store, second } = await setup();
      const put = await store.put(bytes);
      assert.match(put, /^sha256:[0-9a-f]{64}$/);
      assert.deepEqual(new Uint8Array(await second.get(put)), bytes);
      assert.equal(await second.has(put), true);
      assert.match(store.uri(put), new RegExp(`${put.slice(7)}$`));
    });

    test('putting the same twice, at once or later, is one artifact', async () => {
      const { store, second } = await setup();
      const digests = await Promise.all([store.put(bytes), second.put(bytes), store.put(bytes)]);
      assert.equal(new Set(digests).size, 1);
      assert.equal(await store.put(bytes), digests[0]);
    });

    test('an artifact that is not there is NotFound', async () => {
      const { store } = await setup();
      assert.equal(await store.has(digest), false);
      await assert.rejects(store.get(digest), { name: 'StoreError', reason: 'NotFound' });
    });

    test('damaged bytes are an error and never data', async () => {
      const { store, corrupt } = await setup();
      const put = await store.put(bytes);
      await corrupt(put);
      await assert.rejects(store.get(put), { name: 'StoreError', reason: 'Corrupt' });
    });
  });
}
