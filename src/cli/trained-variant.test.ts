/** The trainer contract in the embedded cluster: a variant's controller, its pod as a process, a worker that trains. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Candidate } from '../api/candidate.ts';
import { apiVersion } from '../api/common.ts';
import type { NASSearch, NASSearchSpec } from '../api/nas-search.ts';
import { nasSearches, variants } from '../api/resources.ts';
import { withDefaults } from '../api/validate.ts';
import type { Variant } from '../api/variant.ts';
import { variantOf } from '../controllers/search/children.ts';
import { variantController } from '../controllers/variant/controller.ts';
import { decode, readMetadata } from '../core/onnx/model.ts';
import type { Key } from '../runtime/cluster/cluster.ts';
import { findCondition } from '../runtime/conditions.ts';
import { type Embedded, type Running, runEmbedded } from './fixtures.ts';

const namespace = 'default';
let running: Running;
let local: Embedded;
let folder: string;

before(async () => {
  running = await runEmbedded(({ cluster, worker }) => [variantController({ cluster, clock: Date.now, worker })]);
  ({ local, folder } = running);
});
after(() => running.stop());

const ref = (name: string) => ({ uri: pathToFileURL(resolve(`examples/quickstart/${name}`)).href });
const searchOf = (name: string, script: string): NASSearch =>
  withDefaults({
    ...{ apiVersion, kind: 'NASSearch', metadata: { name, namespace } },
    spec: {
      ...{ model: ref('supernet.onnx'), supernet: ref('supernet.json') },
      data: { heldout: ref('heldout.npz'), calibration: ref('calibration.npz') },
      trainer: { image: 'mine:1', command: ['sh', '-c', script] },
    } as unknown as NASSearchSpec,
  });
const candidate: Candidate = {
  ...{ dimensions: {}, precision: 'INT8Static', engine: { threads: 1, graphOptimization: 'All' } },
};

/** The base variant of a search or its INT8 candidate, once it is settled. */
async function settled(name: string, script: string, ...bases: Variant[]): Promise<Variant> {
  const { cluster } = local;
  const wanted = searchOf(name, script);
  const search =
    (await cluster.get(nasSearches, wanted.metadata as Key)) ?? (await cluster.create(nasSearches, wanted));
  const [base] = bases;
  const variant = variantOf(search, base ? candidate : { ...candidate, precision: 'FP32' }, base);
  await cluster.create(variants, variant);
  for (;;) {
    const found = await cluster.get(variants, variant.metadata as Key);
    const ready = findCondition(found?.status?.conditions, 'Ready');
    if (found && ready && ready.status !== 'Unknown') return found;
    await sleep(200);
  }
}

test('a candidate is trained and its base is not', { timeout: 180_000 }, async () => {
  const log = join(folder, 'choices');
  const script = `echo "$RETUNE_CHOICES" >> ${log}; cp "$RETUNE_QUANTIZED" "$RETUNE_OUTPUT"`;
  const base = await settled('copied', script);
  const { spec, status } = await settled('copied', script, base);
  assert.equal(spec.trainer?.deadline, '10m');
  assert.ok(status?.artifact, JSON.stringify(status?.conditions));
  const model = decode(new Uint8Array(await readFile(fileURLToPath(status.artifact.uri))));
  assert.equal(readMetadata(model)['retune.trained'], 'true');
  const trained = (await readFile(log, 'utf8')).trim().split('\n');
  assert.deepEqual(
    trained.map((line) => JSON.parse(line)),
    [spec.candidate],
  );
});

test('a variant whose trainer fails has failed, and says what it said', { timeout: 180_000 }, async () => {
  const script = 'echo no gradient >&2; exit 4';
  const { status } = await settled('failing', script, await settled('failing', script));
  const ready = findCondition(status?.conditions, 'Ready');
  assert.deepEqual([ready?.status, ready?.reason, status?.attempts], ['False', 'TrainerFailed', 1]);
  assert.match(ready?.message ?? '', /ended with code 4: no gradient$/);
});
