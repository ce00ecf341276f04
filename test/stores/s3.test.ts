import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, mock, test } from 'node:test';
import { readUri } from '../../src/stores/read.ts';
import { s3Store } from '../../src/stores/s3/s3.ts';
import { storeContract } from '../contract/store.ts';
import { Servers, whyNot } from './servers.ts';

const bytes = new TextEncoder().encode('a model');
const assumedAnswer = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>tester</AccessKeyId>
<SecretAccessKey>tester-secret</SecretAccessKey><SessionToken></SessionToken>
<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
const expiredAnswer = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>`;
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
    const uri = prefix();
    const folder = join(s3.bucket, uri.slice('s3://models/'.length), 'sha256');
    await mkdir(folder, { recursive: true });
    const put = Array.from({ length: 1005 }, (_, i) => `sha256:${i.toString(16).padStart(64, '0')}`);
    await Promise.all(put.map((digest) => writeFile(join(folder, digest.slice(7)), 'x')));
    await writeFile(join(folder, 'README'), 'no artifact');
    const store = s3Store(withEndpoint(uri), environment);
    const found = [];
    for await (const { digest } of store.list()) found.push(digest);
    assert.deepEqual(found.sort(), put);
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

  test('a clock that is an hour off is put right by what the server says', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
    try {
      const store = s3Store(withEndpoint(prefix()), environment);
      assert.deepEqual(new Uint8Array(await store.get(await store.put(bytes))), bytes);
    } finally {
      mock.timers.reset();
    }
  });

  test('a web identity token file is exchanged for credentials, and one that has expired is told of', async () => {
    const asked: URLSearchParams[] = [];
    let expired = false;
    // The token service of AWS: no server of one's own speaks for it. What it hands out here, the S3 server knows.
    const tokens = createServer(async (request, response) => {
      asked.push(new URLSearchParams(await text(request)));
      response.writeHead(expired ? 400 : 200, { 'content-type': 'text/xml' });
      response.end(expired ? expiredAnswer : assumedAnswer);
    });
    await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
    const file = join(servers.folder, 'web-identity');
    await writeFile(file, 'a.web.token');
    const identity = {
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/retune',
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(tokens.address() as AddressInfo).port}`,
      AWS_REGION: 'us-east-1',
    };
    const before = { ...process.env };
    Object.assign(process.env, identity);
    try {
      const uri = withEndpoint(prefix());
      const store = s3Store(uri);
      assert.deepEqual(new Uint8Array(await store.get(await store.put(bytes))), bytes);
      assert.deepEqual(
        [asked.length, asked[0]?.get('Action'), asked[0]?.get('WebIdentityToken')],
        [1, 'AssumeRoleWithWebIdentity', 'a.web.token'],
      );
      expired = true;
      await assert.rejects(s3Store(uri).put(bytes), {
        reason: 'Expired',
        message: /have expired .*: renew what is mounted/,
      });
    } finally {
      for (const name of Object.keys(identity)) delete process.env[name];
      Object.assign(process.env, before);
      tokens.close();
    }
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
