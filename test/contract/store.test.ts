import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { openStore } from '../../src/stores/open.ts';
import { storeContract } from './store.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'retune-store-'));
  folders.push(path);
  return path;
}

storeContract('directory', async () => {
  const path = await folder();
  const store = directoryStore(path);
  return {
    store,
    second: directoryStore(path),
    corrupt: async (digest) => {
      const file = fileURLToPath(store.uri(digest));
      await chmod(file, 0o644);
      await writeFile(file, 'something else');
    },
  };
});

test('a directory store leaves no temporary file behind', async () => {
  const path = await folder();
  const store = directoryStore(path);
  const digests = await Promise.all(['a', 'b', 'a'].map((text) => store.put(new TextEncoder().encode(text))));
  assert.deepEqual((await readdir(join(path, 'sha256'))).sort(), [...new Set(digests)].map((d) => d.slice(7)).sort());
});

test('a store that nobody implements is refused with what to write', () => {
  assert.throws(() => openStore('ftp://x'), /"ftp:\/\/x" is not an artifact store .* write file:/);
});
