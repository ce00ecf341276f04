/** A server is told from another by what it answers: variants of the quick start, made and served for real. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Challenge } from '../../src/api/challenge.ts';
import type { DeriveResult } from '../../src/api/task.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { moduleUrl } from '../../src/runtime/modules.ts';
import { type RunningServer, startServer } from '../../src/serve/server.ts';
import { askOverHttp } from '../../src/sources/answers/answers.ts';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { readUri } from '../../src/stores/read.ts';
import { dataset } from '../../src/worker/dataset.ts';
import { derive } from '../../src/worker/derive/derive.ts';
import { challengeOf } from '../../src/worker/measure/challenge.ts';

const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
const log = { debug() {}, info() {}, warn() {}, error() {} };
const engineModule = moduleUrl('../../src/engines/onnxruntime/onnxruntime.ts', import.meta.url);
let folder: string;
const servers: RunningServer[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-answers-'));
});
after(async () => {
  for (const server of servers) await server.stop();
  await rm(folder, { recursive: true });
});

interface Made extends DeriveResult {
  challenge: Challenge | undefined;
}

async function make(precision: 'FP32' | 'INT8Dynamic', width: number): Promise<Made> {
  const store = directoryStore(join(folder, 'store'));
  const result = await derived(precision, width);
  const session = await engine.load(await store.get(result.artifact.digest), { threads: 1, graphOptimization: 'All' });
  const data = dataset(new Uint8Array(await readFile('examples/quickstart/heldout.npz')), session.inputs);
  const challenge = await challengeOf(session, data, result.artifact.digest);
  await session.release();
  return { ...result, challenge };
}

const derived = (precision: 'FP32' | 'INT8Dynamic', width: number): Promise<DeriveResult> =>
  derive(
    { engine, store: directoryStore(join(folder, 'store')) },
    {
      ...{ kind: 'Derive', metric: 'Top1', model: quickstart('supernet.onnx'), supernet: quickstart('supernet.json') },
      ...{ calibration: quickstart('calibration.npz'), heldout: quickstart('heldout.npz') },
      candidate: {
        dimensions: { 'stage1.depth': 1, 'stage1.width': width, 'stage2.depth': 1 },
        ...{ precision, engine: { threads: 1, graphOptimization: 'All' } },
      },
    },
  );

async function serve({ artifact }: DeriveResult): Promise<number> {
  const server = await startServer({
    ...{ name: 'digits', address: '127.0.0.1', port: 0, drainMs: 100, log },
    ...{ engineModule, readModel: readUri, model: artifact.uri },
  });
  servers.push(server);
  return Number(new URL(server.url).port);
}

test('a server of a variant answers as it was judged, and as no other', async () => {
  const variants = [await make('FP32', 8), await make('FP32', 16), await make('INT8Dynamic', 8)];
  const ports: number[] = [];
  for (const variant of variants) ports.push(await serve(variant));
  for (const [i, { challenge }] of variants.entries()) {
    assert.ok(challenge, 'the quick start can be asked');
    assert.ok(JSON.stringify(challenge).length <= 1024);
    for (const [k, port] of ports.entries()) {
      const { kind } = await askOverHttp('127.0.0.1', { port, path: '/v2/models/digits/infer' }, challenge);
      assert.equal(kind, i === k ? 'AsJudged' : 'Different', `variant ${i} asked of server ${k}`);
    }
  }
});

test('no server, and no such model, are no answers', async () => {
  const { challenge } = await make('FP32', 8);
  assert.ok(challenge);
  const ask = (port: number, path: string) => askOverHttp('127.0.0.1', { port, path }, challenge);
  const closed = await serve(await make('FP32', 8));
  await servers.pop()?.stop();
  const none = await ask(closed, '/v2/models/digits/infer');
  assert.match(none.kind === 'NoAnswer' ? none.text : '', /did not answer POST .* on port \d+: .*ECONNREFUSED/);
  const [server] = servers;
  const unknown = await ask(Number(new URL(server?.url ?? '').port), '/v2/models/letters/infer');
  assert.match(unknown.kind === 'NoAnswer' ? unknown.text : '', /with 404 .*letters/);
});
