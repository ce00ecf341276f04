import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Candidate } from '../../src/api/candidate.ts';
import { DeriveResult, type Task } from '../../src/api/task.ts';
import { collectGarbage, collectionPhrase } from '../../src/cli/collect-garbage.ts';
import { embeddedKinds } from '../../src/cli/embedded-kinds.ts';
import { modules } from '../../src/cli/worker.ts';
import { provenanceController } from '../../src/controllers/provenance/controller.ts';
import { EmbeddedApi } from '../../src/runtime/cluster/embedded/api/api.ts';
import { startServer } from '../../src/serve/server.ts';
import type { Manifest } from '../../src/stores/oci/manifest.ts';
import { openStore } from '../../src/stores/open.ts';
import { readUri } from '../../src/stores/read.ts';
import { startRunner } from '../../src/worker/measure/child.ts';
import { withNearby } from '../../src/worker/measure/nearby.ts';
import { runWorker } from '../../src/worker/run.ts';
import { aSearchThatEnded, namesOf } from './objects.ts';
import { Servers, whyNot } from './servers.ts';

const skip = whyNot();
const file = (name: string) => ({ uri: pathToFileURL(resolve('examples/quickstart', name)).href });
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const engine = { threads: 1, graphOptimization: 'All' as const };
const whole: Candidate = { dimensions: {}, precision: 'FP32', engine };
const small: Candidate = { ...whole, dimensions: { 'stage1.depth': 1, 'stage2.depth': 1 } };
let servers: Servers;
let s3: Awaited<ReturnType<Servers['s3']>>;
let registry: Awaited<ReturnType<Servers['registry']>>;
let credentials: string;

/** A worker as its pod runs it: its task, its store and the mounted credentials come by the environment. */
async function work(task: Task, store: string): Promise<unknown> {
  const message = join(servers.folder, 'message');
  const environment = { RETUNE_TASK: JSON.stringify(task), RETUNE_STORE: store, RETUNE_TERMINATION_LOG: message };
  await runWorker(modules, environment);
  return JSON.parse(await readFile(message, 'utf8'));
}

async function derived(candidate: Candidate, store: string, baseline?: DeriveResult): Promise<DeriveResult> {
  const { digest } = baseline?.artifact ?? {};
  return DeriveResult.parse(
    await work(
      {
        ...{ kind: 'Derive', model: file('supernet.onnx'), supernet: file('supernet.json'), candidate, metric: 'Top1' },
        ...{ heldout: file('heldout.npz'), calibration: file('calibration.npz') },
        ...(baseline && digest && { baseline: { digest, outputs: baseline.outputs } }),
      },
      store,
    ),
  );
}

describe('the loop on artifact stores over the network', { skip }, () => {
  before(async () => {
    servers = await Servers.open();
    [s3, registry] = await Promise.all([servers.s3(), servers.registry()]);
    credentials = join(servers.folder, 'mounted');
    await mkdir(credentials);
    await copyFile(s3.credentials, join(credentials, 'credentials'));
    process.env.RETUNE_STORE_CREDENTIALS = credentials;
  });
  after(async () => {
    delete process.env.RETUNE_STORE_CREDENTIALS;
    await servers?.stop();
  });

  test('variants are made in a bucket, run from a copy of it nearby, and served from it', async () => {
    const store = `s3://models/loop?endpoint=${s3.endpoint}`;
    const base = await derived(whole, store);
    const variant = await derived(small, store, base);
    assert.equal(variant.artifact.uri, `s3://models/loop/sha256/${variant.artifact.digest.slice(7)}`);
    const models = [variant.artifact.digest, base.artifact.digest];
    const folder = await withNearby({ modules, uri: store, store: openStore(store) }, models, async (near) => {
      for (const digest of models) {
        const options = { threads: 1, graphOptimization: 'All' as const };
        const runner = await startRunner({
          ...{ modules, store: near, digest, options, inputs: file('heldout.npz'), batchSize: 1 },
        });
        assert.equal((await runner.run(3)).runsMs.length, 3);
        await runner.stop();
      }
      return fileURLToPath(near);
    });
    assert.equal(existsSync(folder), false);

    process.env.RETUNE_STORE = store;
    const server = await startServer({
      ...{ model: variant.artifact.uri, name: 'digits', address: '127.0.0.1', port: 0, drainMs: 0, log: quiet },
      ...{ engineModule: modules.engine, readModel: readUri },
    });
    try {
      assert.equal((await fetch(`${server.url}/v2/health/ready`)).status, 200);
      const parameters = { uri: base.artifact.uri.replace(/.$/, 'g') };
      const refused = await fetch(`${server.url}/v2/repository/models/digits/load`, {
        ...{ method: 'POST', body: JSON.stringify({ parameters }) },
      });
      assert.match(((await refused.json()) as { error: string }).error, /can't be read: write file:/);
    } finally {
      delete process.env.RETUNE_STORE;
      await server.stop();
    }
  });

  test('in a registry, a variant on a front tells its base, candidate, quality and trials', async () => {
    const uri = `oci://${registry.host}/team/digits`;
    const base = await derived(whole, uri);
    const variant = await derived(small, uri, base);
    const cluster = new EmbeddedApi(embeddedKinds);
    await aSearchThatEnded(cluster, base, variant);
    const controller = provenanceController({ cluster, store: openStore(uri), log: quiet });
    const key = { namespace: 'team', name: 'digits' };
    assert.deepEqual(await controller.reconcile(key, AbortSignal.timeout(60_000)), {});

    const { annotations } = await manifestOf(uri, variant.artifact.digest);
    assert.equal(annotations['org.opencontainers.image.base.digest'], base.artifact.digest);
    assert.deepEqual(JSON.parse(annotations['dev.retune.candidate'] ?? ''), small);
    assert.deepEqual(JSON.parse(annotations['dev.retune.quality'] ?? ''), variant.quality);
    const [trial] = JSON.parse(annotations['dev.retune.trials'] ?? '') as Record<string, unknown>[];
    assert.deepEqual([trial?.accelerator, trial?.p99Ms, trial?.samples], ['cpu', 2.5, 1000]);
    // The base is on no front here: of it only what was known when it was made is told.
    const { annotations: ofBase } = await manifestOf(uri, base.artifact.digest);
    assert.deepEqual(JSON.parse(ofBase['dev.retune.candidate'] ?? ''), whole);
    assert.equal(ofBase['dev.retune.quality'], undefined);
  });

  test('garbage is what nothing names: kept are those of variants, SLAs and workloads', async () => {
    const store = openStore(`s3://models/garbage?endpoint=${s3.endpoint}`);
    const put = async (text: string) => store.put(new TextEncoder().encode(text));
    const named = {
      ...{ artifact: await put('a'), active: await put('b'), previous: await put('c') },
      ...{ served: await put('d'), record: await put('e') },
    };
    const lost = await put('f');
    const cluster = new EmbeddedApi(embeddedKinds);
    const day = 24 * 3_600_000;
    const collect = (afterMs: number, dryRun = false) =>
      collectGarbage({ cluster, store, clock: () => Date.now() + afterMs, graceMs: day, dryRun });
    const nobody = await collect(2 * day);
    assert.deepEqual(nobody.removed, []);
    assert.match(
      collectionPhrase(nobody),
      /removed nothing: none of the 6 artifacts is named .* the store of another one\?/,
    );

    await namesOf(cluster, named, (digest) => store.uri(digest));
    assert.equal(
      collectionPhrase(await collect(day / 2)),
      'removed 0 artifacts, 0.0 MB; kept 5 that are named and 1 that are young',
    );
    assert.deepEqual(
      (await collect(2 * day, true)).removed.map(({ digest }) => digest),
      [lost],
    );
    assert.equal(await store.has(lost), true, 'a dry run removes nothing');
    assert.equal(
      collectionPhrase(await collect(2 * day)),
      'removed 1 artifacts, 0.0 MB; kept 5 that are named and 0 that are young',
    );
    assert.equal(await store.has(lost), false);
    for (const digest of Object.values(named)) assert.equal(await store.has(digest), true);
  });
});

async function manifestOf(uri: string, digest: string): Promise<Manifest> {
  const { host, pathname } = new URL(uri);
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  const response = await fetch(`http://${host}/v2${pathname}/manifests/${digest.slice(7)}`, { headers });
  return (await response.json()) as Manifest;
}
