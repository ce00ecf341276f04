/** The trainer contract in the embedded cluster: controllers, pods as processes, a worker that trains. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { apiVersion } from '../api/common.ts';
import { nasSearches, variants } from '../api/resources.ts';
import type { Variant } from '../api/variant.ts';
import { decode, readMetadata } from '../core/onnx/model.ts';
import type { ApiObject } from '../runtime/cluster/cluster.ts';
import { findCondition } from '../runtime/conditions.ts';
import { manager } from '../runtime/manager.ts';
import { controllers } from './controllers.ts';
import { openEmbedded } from './embedded.ts';

const namespace = 'default';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const silent = { reconciled: () => undefined, queueDepth: () => undefined };
const stopping = new AbortController();
let local: Awaited<ReturnType<typeof openEmbedded>>;
let running: Promise<void>;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-trained-'));
  local = await openEmbedded(quiet);
  const all = controllers({ cluster: local.cluster, clock: Date.now, worker: local.worker, holdDownMs: 0 });
  running = manager({ cluster: local.cluster, controllers: all, observer: silent, log: quiet }).run(stopping.signal);
});
after(async () => {
  stopping.abort();
  await running;
  await local.close();
  await rm(folder, { recursive: true });
});

const ref = (name: string) => ({ uri: pathToFileURL(resolve(`examples/quickstart/${name}`)).href });
function search(name: string, script: string): ApiObject {
  return {
    ...{ apiVersion, kind: 'NASSearch', metadata: { name, namespace } },
    spec: {
      ...{ model: ref('supernet.onnx'), supernet: ref('supernet.json') },
      data: { heldout: ref('heldout.npz'), calibration: ref('calibration.npz') },
      trainer: { image: 'mine:1', command: ['sh', '-c', script] },
      space: { precisions: ['INT8Static'], threads: [1] },
      budget: { maxVariants: 2 },
    },
  } as ApiObject;
}

/** The one variant of a search that is not its base, once it is settled. */
async function candidateOf(name: string): Promise<Variant> {
  for (;;) {
    const all = await local.cluster.list(variants, { namespace });
    const found = all.find(({ metadata, spec }) => spec.searchRef.name === name && metadata.name !== `${name}-base`);
    const ready = findCondition(found?.status?.conditions, 'Ready');
    if (found && ready && ready.status !== 'Unknown') return found;
    await sleep(200);
  }
}

test('a candidate is trained and its base is not', { timeout: 180_000 }, async () => {
  const log = join(folder, 'choices');
  const script = `echo "$RETUNE_CHOICES" >> ${log}; cp "$RETUNE_QUANTIZED" "$RETUNE_OUTPUT"`;
  await local.cluster.create(nasSearches, search('copied', script) as never);
  const { spec, status } = await candidateOf('copied');
  assert.equal(spec.trainer?.deadline, '10m');
  assert.ok(status?.artifact, JSON.stringify(status?.conditions));
  const model = decode(new Uint8Array(await readFile(fileURLToPath(status.artifact.uri))));
  assert.equal(readMetadata(model)['retune.trained'], 'true');
  const trained = (await readFile(log, 'utf8')).trim().split('\n');
  assert.deepEqual(
    trained.map((line) => JSON.parse(line)),
    [spec.candidate],
  );
  await local.cluster.delete(nasSearches, { namespace, name: 'copied' });
});

test('a variant whose trainer fails has failed, and says what it said', { timeout: 180_000 }, async () => {
  await local.cluster.create(nasSearches, search('failing', 'echo no gradient >&2; exit 4') as never);
  const { status } = await candidateOf('failing');
  const ready = findCondition(status?.conditions, 'Ready');
  assert.deepEqual([ready?.status, ready?.reason, status?.attempts], ['False', 'TrainerFailed', 1]);
  assert.match(ready?.message ?? '', /ended with code 4: no gradient$/);
});
