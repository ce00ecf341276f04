import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { httpStore } from '../../src/stores/http/http.ts';
import { openStore } from '../../src/stores/open.ts';
import { readingContract, storeContract } from './store.ts';

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

/** A web server over a folder, as any would be put in front of a volume. */
async function webServer(root: string): Promise<string> {
  const server = createServer((request, response) => {
    readFile(join(root, request.url ?? '')).then(
      (bytes) => response.end(request.method === 'HEAD' ? undefined : bytes),
      () => response.writeHead(404).end(),
    );
  });
  after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

readingContract('a directory over HTTP', async () => {
  const path = await folder();
  const store = directoryStore(path);
  return {
    store,
    second: httpStore(await webServer(path)),
    corrupt: async (digest) => {
      await chmod(fileURLToPath(store.uri(digest)), 0o644);
      await writeFile(fileURLToPath(store.uri(digest)), 'something else');
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
