import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { decode, encode } from '../core/onnx/model.ts';
import { parseManifest, slice } from '../core/onnx/supernet.ts';
import { moduleUrl } from '../runtime/modules.ts';
import { readUri } from '../stores/read.ts';
import { readNpz } from '../worker/npz.ts';
import { startLoad } from './load.ts';
import { type RunningServer, startServer } from './server.ts';

const engineModule = moduleUrl('../engines/onnxruntime/onnxruntime.ts', import.meta.url);
const supernet = resolve('examples/quickstart/supernet.onnx');
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const options = {
  name: 'digits',
  address: '127.0.0.1',
  port: 0,
  drainMs: 200,
  engineModule,
  readModel: readUri,
  log: quiet,
};
let folder: string;
let small: string;
let server: RunningServer;
let images: Uint8Array;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-serve-'));
  small = join(folder, 'small.onnx');
  const manifest = parseManifest(await readFile('examples/quickstart/supernet.json', 'utf8'));
  const base = decode(new Uint8Array(await readFile(supernet)));
  await writeFile(small, encode(slice(base, manifest, { 'stage1.width': 8, 'stage2.width': 16 })));
  images = readNpz(await readFile('examples/quickstart/heldout.npz')).image?.data as Uint8Array;
  server = await startServer({ ...options, model: pathToFileURL(supernet).href });
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** What the answers looked at here may hold. */
interface Answer {
  error: string;
  id: string;
  model_name: string;
  extensions: string[];
  inputs: object[];
  outputs: { shape: number[]; data: number[] }[];
}
const read = async (response: Response | Promise<Response>) => (await (await response).json()) as Answer;

const digest = async (path: string) =>
  `sha256:${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
const infer = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/v2/models/digits/infer`, { method: 'POST', body, headers });
const input = (rows: number) => ({ name: 'image', shape: [rows, 1, 28, 28], datatype: 'UINT8' });
const json = (rows: number, change: object = {}) =>
  JSON.stringify({ id: 'a', inputs: [{ ...input(rows), data: [...images.subarray(0, rows * 784)], ...change }] });

function binary(rows: number) {
  const bytes = images.subarray(0, rows * 784);
  const head = new TextEncoder().encode(
    JSON.stringify({
      inputs: [{ ...input(rows), parameters: { binary_data_size: bytes.length } }],
      parameters: { binary_data_output: true },
    }),
  );
  const body = new Uint8Array(head.length + bytes.length);
  body.set(head);
  body.set(bytes, head.length);
  return { body, headers: { 'Inference-Header-Content-Length': String(head.length) } };
}

test('says what it is, what it serves and that it is ready', async () => {
  const get = (path: string) => read(fetch(server.url + path));
  assert.deepEqual((await get('/v2')).extensions, ['binary_tensor_data', 'model_repository']);
  assert.deepEqual(await (await fetch(`${server.url}/v2/health/ready`)).json(), { ready: true });
  const model = await get('/v2/models/digits');
  assert.deepEqual(model.inputs, [{ name: 'image', datatype: 'UINT8', shape: [-1, 1, 28, 28] }]);
  assert.equal((await fetch(`${server.url}/v2/models/digits/versions/1/ready`)).status, 200);
  assert.equal((await fetch(`${server.url}/v2/models/other`)).status, 404);
});

test('JSON and bytes give the same answer', async () => {
  const plain = await read(infer(json(3)));
  assert.deepEqual([plain.id, plain.model_name, plain.outputs[0]?.shape], ['a', 'digits', [3, 10]]);
  const { body, headers } = binary(3);
  const response = await infer(body, headers);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('Inference-Header-Content-Length'));
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
  assert.equal(head.outputs[0].parameters.binary_data_size, 120);
  const values = new Float32Array(bytes.slice(length).buffer);
  assert.deepEqual([...values], plain.outputs[0]?.data.map(Math.fround));
});

describe('a request that is wrong is told how', () => {
  const answers = async (response: Response, status: number, sentence: RegExp) => {
    assert.equal(response.status, status);
    assert.match((await read(response)).error, sentence);
  };
  test('in its JSON, names, types, shapes and sizes', async () => {
    await answers(await infer('{'), 400, /not JSON/);
    await answers(await infer('{}'), 400, /wrong at "inputs"/);
    await answers(await infer(json(1, { name: 'x' })), 400, /no input "x", it has "image"/);
    await answers(await infer(json(1, { datatype: 'FP32' })), 400, /is FP32, the model takes UINT8/);
    await answers(
      await infer(json(1, { shape: [1, 784] })),
      400,
      /has shape \[1, 784\], the model takes \[-1, 1, 28, 28\]/,
    );
    await answers(await infer(json(1, { data: [1, 2] })), 400, /has 2 elements, its shape \[1, 1, 28, 28\] has 784/);
    await answers(await infer(json(1, { data: ['a'] })), 400, /holds what is no number/);
    await answers(await infer(json(1), { 'Inference-Header-Content-Length': '99999999' }), 400, /for a body of/);
    const outputs = JSON.stringify({ ...JSON.parse(json(1)), outputs: [{ name: 'y' }] });
    await answers(await infer(outputs), 400, /no output "y", it has "logits"/);
  });
});

test('metrics name the variant by its digest', async () => {
  await infer(json(1));
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.ok(text.includes(`retune_request_duration_seconds_count{variant="${await digest(supernet)}"}`));
});

test('models are swapped under load and no request is lost', async () => {
  const { body, headers } = binary(4);
  const load = startLoad({ url: `${server.url}/v2/models/digits/infer`, body, headers, ratePerSecond: 60, seed: 1 });
  await sleep(500);
  for (const path of [small, supernet, small]) {
    const loaded = await fetch(`${server.url}/v2/repository/models/digits/load`, {
      method: 'POST',
      body: JSON.stringify({ parameters: { uri: pathToFileURL(path).href } }),
    });
    assert.equal(loaded.status, 200);
    await sleep(300);
  }
  const refused = await fetch(`${server.url}/v2/repository/models/digits/load`, {
    method: 'POST',
    body: JSON.stringify({ parameters: { uri: 'file:///absent.onnx' } }),
  });
  assert.match((await read(refused)).error, /absent\.onnx can't be read: there is no such file/);
  const { sent, completed, failures } = await load.stop();
  assert.deepEqual([completed, failures], [sent, {}]);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.ok(text.includes(await digest(small)));
});

test('a server that is told to stop answers what comes while it drains', async () => {
  const draining = await startServer({ ...options, drainMs: 600, model: pathToFileURL(small).href });
  const { body, headers } = binary(4);
  const load = startLoad({ url: `${draining.url}/v2/models/digits/infer`, body, headers, ratePerSecond: 80, seed: 2 });
  await sleep(400);
  const stopped = draining.stop();
  await sleep(100);
  const ready = await fetch(`${draining.url}/v2/health/ready`);
  assert.deepEqual([ready.status, ready.headers.get('connection')], [503, 'close']);
  await sleep(100);
  const { sent, completed, failures } = await load.stop();
  await stopped;
  assert.deepEqual([completed, failures], [sent, {}]);
  await assert.rejects(fetch(draining.url));
});

test('the load keeps its rate', async () => {
  const { body, headers } = binary(1);
  const load = startLoad({ url: `${server.url}/v2/models/digits/infer`, body, headers, ratePerSecond: 100, seed: 3 });
  await sleep(2000);
  const { sent } = await load.stop();
  assert.ok(sent > 140 && sent < 260, `${sent} in 2 s`);
});
