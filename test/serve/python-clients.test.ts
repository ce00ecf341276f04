import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { moduleUrl } from '../../src/runtime/modules.ts';
import { type RunningServer, startServer } from '../../src/serve/server.ts';
import { readUri } from '../../src/stores/read.ts';
import { batch, dataset } from '../../src/worker/dataset.ts';
import { python } from '../python.ts';

const run = promisify(execFile);
const packages = ['tritonclient[http]==2.62.0', 'kserve==0.15.2'];
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
let server: RunningServer;

before(async () => {
  server = await startServer({
    model: pathToFileURL(resolve('examples/quickstart/supernet.onnx')).href,
    ...{ name: 'digits', address: '127.0.0.1', port: 0, drainMs: 0, log: quiet },
    readModel: readUri,
    engineModule: moduleUrl('../../src/engines/onnxruntime/onnxruntime.ts', import.meta.url),
  });
});
after(() => server.stop());

test("Triton's and KServe's own clients get what the engine computes", { timeout: 600_000 }, async () => {
  const heldout = resolve('examples/quickstart/heldout.npz');
  const { stdout } = await run(await python(packages), [resolve('test/serve/clients.py'), server.url, heldout]);
  const answers = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

  const session = await engine.load(await readFile('examples/quickstart/supernet.onnx'), {
    threads: 1,
    graphOptimization: 'All',
  });
  const outputs = await session.run(batch(dataset(await readFile(heldout), session.inputs), 0, 4));
  const expected = Array.from((outputs.logits?.data ?? []) as Float32Array);
  for (const [client, { binary, json, ready }] of Object.entries<{
    binary: number[][];
    json: number[][];
    ready: boolean[];
  }>(answers)) {
    assert.ok(ready.every(Boolean), `${client}: ${ready}`);
    for (const [i, value] of expected.entries()) {
      assert.ok(Math.abs((binary.flat()[i] ?? 0) - value) < 1e-4, `${client} binary ${i}`);
      assert.ok(Math.abs((json.flat()[i] ?? 0) - value) < 1e-4, `${client} json ${i}`);
    }
  }
  assert.deepEqual(answers.triton.inputs, [{ name: 'image', datatype: 'UINT8', shape: [-1, 1, 28, 28] }]);
});
