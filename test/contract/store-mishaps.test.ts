import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { openStore } from '../../src/stores/open.ts';
import { readUri } from '../../src/stores/read.ts';
import { StoreError } from '../../src/stores/store.ts';
import { failureOf } from '../../src/worker/failure.ts';
import { run } from '../cluster/process.ts';

/** Errors that real servers give at the worst of times only: a server here gives them word for word. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answer: Answer;
let requests: string[] = [];
let host: string;
let folder: string;
const server = createServer((request, response) => {
  requests.push(`${request.method} ${request.url}`);
  request.resume().on('end', () => answer(request, response));
});
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-mishaps-'));
  await writeFile(join(folder, 'credentials'), '[default]\naws_access_key_id = a\naws_secret_access_key = b\n');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const bytes = new TextEncoder().encode('a model');
const digest = `sha256:${'1'.repeat(64)}`;
const says =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  (request, response) => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
const s3Error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;

async function refusal(attempt: Promise<unknown>): Promise<StoreError> {
  const error = await attempt.then(
    () => assert.fail('it passed'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StoreError, String(error));
  assert.deepEqual(failureOf(error), {
    ...{ kind: 'Failure', reason: 'StoreFailed', message: error.message, retryable: error.retryable },
  });
  assert.doesNotMatch(error.message, /\n/);
  return error;
}

describe('what an S3 server refuses comes with what to do', () => {
  const cases: [status: number, code: string, reason: StoreError['reason'], retryable: boolean, sentence: RegExp][] = [
    [400, 'ExpiredToken', 'Expired', true, /have expired .*: renew what is mounted/],
    [403, 'RequestTimeTooSkewed', 'ClockSkew', true, /differ too much .*: set the clock of the node \(NTP\)/],
    [403, 'AccessDenied', 'Denied', false, /they need s3:GetObject, s3:PutObject/],
    [507, 'XMinioStorageFull', 'Full', false, /is full .*: make room with `retune gc`, or enlarge it/],
    [400, 'AuthorizationHeaderMalformed', 'Invalid', false, /another region .*: set \?region= in RETUNE_STORE/],
    [503, 'SlowDown', 'Unreachable', true, /answered 503 .* for s3:\/\/models/],
  ];
  for (const [status, code, reason, retryable, sentence] of cases) {
    test(code, async () => {
      answer = says(status, s3Error(code));
      const store = openStore(`s3://models?endpoint=http://${host}`, { RETUNE_STORE_CREDENTIALS: folder });
      const error = await refusal(store.put(bytes));
      assert.deepEqual([error.reason, error.retryable], [reason, retryable]);
      assert.match(error.message, sentence);
    });
  }
});

describe('what a registry refuses comes with what to do', () => {
  const coded = (code: string, message = '') => JSON.stringify({ errors: [{ code, message }] });
  const cases: [status: number, body: string, reason: StoreError['reason'], retryable: boolean, sentence: RegExp][] = [
    [403, coded('DENIED', 'requested access is denied'), 'Denied', false, /refused to this login \(DENIED, requested/],
    [507, '', 'Full', false, /the registry is full: make room with `retune gc`/],
    [500, coded('UNKNOWN', 'write: no space left on device'), 'Full', false, /the registry is full \(UNKNOWN, write/],
    [503, '', 'Unreachable', true, /the registry answers 503: look at the registry's log/],
    [418, '', 'Invalid', false, /answers 418 .* is it one of the OCI distribution/],
  ];
  for (const [status, body, reason, retryable, sentence] of cases) {
    test(`${status} ${body}`, async () => {
      answer = says(status, body);
      requests = [];
      const error = await refusal(openStore(`oci://${host}/models`, {}).put(bytes));
      assert.deepEqual([error.reason, error.retryable], [reason, retryable]);
      assert.match(error.message, sentence);
      assert.equal(requests.length, status === 500 || status === 503 ? 4 : 1, 'tried again where that may help');
    });
  }

  test('a server that is busy for a moment is asked again', async () => {
    let left = 2;
    answer = (request, response) => says(left-- > 0 ? 503 : 404)(request, response);
    assert.equal(await openStore(`oci://${host}/models`, {}).has(digest), false);
  });
});

describe('what a web server refuses comes with what to do', () => {
  const read = (uri = `http://${host}/m.onnx#${digest}`) => refusal(readUri(uri, {}));

  test('a model that is another, is missing, or is refused', async () => {
    answer = says(200, 'another model');
    assert.deepEqual([(await read()).reason, (await read()).retryable], ['Corrupt', false]);
    answer = says(404);
    assert.match((await read()).message, /m\.onnx is not there: .* answers 404/);
    answer = says(403);
    assert.match((await read()).message, /mount a token that may read it/);
  });

  test('a URL without a digest is not read', async () => {
    const error = await read(`http://${host}/m.onnx`);
    assert.match(error.message, /can't be checked: write http:.*m\.onnx#sha256:<digest>$/);
  });

  test('the token is shown to the configured store alone, and no URI leads signed requests elsewhere', async () => {
    await writeFile(join(folder, 'token'), 'a-token');
    const sent: (string | undefined)[] = [];
    answer = (request, response) => {
      sent.push(request.headers.authorization);
      says(404)(request, response);
    };
    const environment = { RETUNE_STORE_CREDENTIALS: folder, RETUNE_STORE: `http://${host}/models/` };
    for (const path of ['models/m.onnx', 'models2/m.onnx', 'm.onnx'])
      await refusal(readUri(`http://${host}/${path}#${digest}`, environment));
    assert.deepEqual(sent, ['Bearer a-token', undefined, undefined]);
    requests = [];
    const hex = digest.slice(7);
    for (const uri of [`s3://models?endpoint=http://${host}/sha256/${hex}`, `oci://x/y?plainHttp=true:${hex}`])
      assert.equal((await refusal(readUri(uri, environment))).reason, 'Invalid');
    assert.deepEqual(requests, []);
  });

  test('the mounted token is sent', async () => {
    await writeFile(join(folder, 'token'), 'a-token\n');
    const sent: (string | undefined)[] = [];
    answer = (request, response) => {
      sent.push(request.headers.authorization);
      says(404)(request, response);
    };
    await openStore(`http://${host}/`, { RETUNE_STORE_CREDENTIALS: folder }).has(digest);
    assert.deepEqual(sent, ['Bearer a-token']);
  });

  test('nothing is stored there', async () => {
    const error = await refusal(openStore(`http://${host}`, {}).put(bytes));
    assert.match(error.message, /give workers a store of file:\/\/, s3:\/\/ or oci:\/\//);
  });
});

test('a URI that is no store, or holds credentials, is refused with what to write', () => {
  const wrong: [string, RegExp][] = [
    ['s3://', /names no bucket|is not a URI/],
    ['s3://models?region=a&zone=b', /a parameter "zone" that nobody knows/],
    ['s3://key:secret@models', /s3:\/\/…@models has credentials in it, which belong in a mounted file/],
    ['oci://registry.example.com', /names no repository/],
    ['oci://registry.example.com/Models', /in small letters/],
    ['oci://u:p@registry.example.com/models', /…@registry.* has credentials in it/],
  ];
  for (const [uri, sentence] of wrong) {
    assert.throws(
      () => openStore(uri, {}),
      (error: StoreError) =>
        error.reason === 'Invalid' && sentence.test(error.message) && !/secret|u:p/.test(error.message),
      uri,
    );
  }
});

test('a credentials file that is not one is told of', async () => {
  const mounted = join(folder, 'docker');
  await mkdir(mounted);
  await writeFile(join(mounted, 'config.json'), '{"auths": []}');
  answer = says(401, '', { 'www-authenticate': 'Basic realm="r"' });
  const error = await refusal(openStore(`oci://${host}/models`, { RETUNE_STORE_CREDENTIALS: mounted }).put(bytes));
  assert.match(error.message, /config\.json is no docker configuration: write what `docker login` writes/);
});

const root = process.getuid?.() === 0;
test('a full disk is told of, and nothing is left of what was written', {
  skip: !root && 'it mounts a tmpfs',
}, async () => {
  const disk = join(folder, 'disk');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  try {
    const store = directoryStore(disk);
    const error = await refusal(store.put(new Uint8Array(200_000)));
    assert.deepEqual([error.reason, error.retryable], ['Full', false]);
    assert.match(error.message, /is full: make room with `retune gc`, or enlarge its volume$/);
    const small = await store.put(bytes);
    assert.deepEqual(new Uint8Array(await store.get(small)), bytes);
  } finally {
    await run('umount', [disk]);
  }
});

test('a disk that may not be written is told of', { skip: root && 'root writes everywhere' }, async () => {
  const locked = join(folder, 'locked');
  await mkdir(locked);
  await chmod(locked, 0o500);
  const error = await refusal(directoryStore(locked).put(bytes));
  assert.deepEqual([error.reason, error.retryable], ['Denied', false]);
});
