import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readUri } from '../../src/stores/read.ts';
import { s3Store } from '../../src/stores/s3/s3.ts';
import { storeContract } from '../contract/store.ts';
import { Servers, whyNot } from './servers.ts';

const bytes = new TextEncoder().encode('a model');
const skip = whyNot();
let servers: Servers;
let s3: Awaited<ReturnType<Servers['s3']>>;
let environment: NodeJS.ProcessEnv;
let prefixes = 0;
const prefix = () => `s3://models/team/retune${++prefixes}`;
const withEndpoint = (uri: string) => `${uri}?endpoint=${s3.endpoint}`;

describe('artifacts in a real S3 server', { skip }, () => {
  before(async () => {
    servers = await Servers.open();
    s3 = await servers.s3();
    // As a Secret is mounted.
    const folder = join(servers.folder, 'mounted');
    await mkdir(folder);
    await copyFile(s3.credentials, join(folder, 'credentials'));
    environment = { RETUNE_STORE_CREDENTIALS: folder };
  });
  after(() => servers?.stop());

  storeContract('S3', async () => {
    const uri = prefix();
    const open = () => s3Store(withEndpoint(uri), environment);
    return {
      store: open(),
      second: open(),
      corrupt: async (digest) => {
        const file = join(s3.bucket, uri.slice('s3://models/'.length), 'sha256', digest.slice(7));
        await writeFile(file, (await readFile(file, 'utf8')).toUpperCase());
      },
    };
  });

  test('a server reads an artifact by its URI and RETUNE_STORE, and by the environment of AWS tools', async () => {
    const uri = prefix();
    const store = s3Store(withEndpoint(uri), environment);
    const digest = await store.put(bytes);
    assert.equal(store.uri(digest), `${uri}/sha256/${digest.slice(7)}`);
    const read = await readUri(store.uri(digest), { ...environment, RETUNE_STORE: withEndpoint(uri) });
    assert.deepEqual(new Uint8Array(read), bytes);
  });

  test('more artifacts than a page has are all listed', async () => {
    const store = s3Store(withEndpoint(prefix()), environment);
    const put: string[] = [];
    for (let i = 0; i < 20; i++) put.push(await store.put(new TextEncoder().encode(String(i))));
    const found = [];
    for await (const { digest } of store.list()) found.push(digest);
    assert.deepEqual(found.sort(), put.sort());
  });

  test('credentials that the server does not know, and a bucket that is not there, are told of', async () => {
    const folder = join(servers.folder, 'wrong');
    await mkdir(folder);
    await writeFile(join(folder, 'credentials'), '[default]\naws_access_key_id = nobody\naws_secret_access_key = x\n');
    const wrong = s3Store(withEndpoint(prefix()), { RETUNE_STORE_CREDENTIALS: folder });
    await assert.rejects(wrong.put(bytes), {
      reason: 'Denied',
      retryable: false,
      message: /refuses s3:\/\/models\/team\/retune\d+ to these credentials .* they need s3:GetObject/,
    });
    await assert.rejects(s3Store(withEndpoint('s3://nobucket'), environment).list()[Symbol.asyncIterator]().next(), {
      reason: 'Invalid',
      message: 'there is no bucket for s3://nobucket: create it, or correct RETUNE_STORE',
    });
  });

  test('a server that has gone is Unreachable, and may be back', async () => {
    const other = await servers.s3();
    const store = s3Store(`s3://models?endpoint=${other.endpoint}`, environment);
    const digest = await store.put(bytes);
    await other.stop();
    await assert.rejects(store.get(digest), {
      reason: 'Unreachable',
      retryable: true,
      message: `the artifact store at ${new URL(other.endpoint).host} does not answer (ECONNREFUSED): check its address, its service and network policies`,
    });
  });
});
