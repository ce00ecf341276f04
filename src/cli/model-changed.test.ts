/** A base model that is overwritten in place, in the embedded cluster with real workers: while it is searched, and after. */
import assert from 'node:assert/strict';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { apiVersion } from '../api/common.ts';
import type { LatencySLA } from '../api/latency-sla.ts';
import type { NASSearch, NASSearchSpec } from '../api/nas-search.ts';
import { latencySlas, nasSearches, variants } from '../api/resources.ts';
import { withDefaults } from '../api/validate.ts';
import { hardwareController } from '../controllers/hardware/controller.ts';
import { searchController } from '../controllers/search/controller.ts';
import { slaController } from '../controllers/sla/controller.ts';
import { anSla, aSnapshot } from '../controllers/sla/fixtures.ts';
import { trialController } from '../controllers/trial/controller.ts';
import { variantController } from '../controllers/variant/controller.ts';
import { decode, encode, withMetadata } from '../core/onnx/model.ts';
import type { ApiObject, ResourceType } from '../runtime/cluster/cluster.ts';
import { pods } from '../runtime/cluster/core-types.ts';
import { isApiError } from '../runtime/cluster/errors.ts';
import { findCondition } from '../runtime/conditions.ts';
import { openTarget } from '../targets/open.ts';
import { type Embedded, type Running, runEmbedded } from './fixtures.ts';

const namespace = 'default';
let running: Running;
let local: Embedded;
let folder: string;

function controllersOf({ cluster, worker }: Embedded) {
  const clock = Date.now;
  const { workload } = aSnapshot();
  if (workload.kind !== 'Found') throw new Error('the fixture has a workload');
  const sources: Parameters<typeof slaController>[0]['sources'] = {
    targetOf: (served) => ({ ...openTarget(cluster)(served), observe: async () => workload.target }),
    ask: async () => ({ kind: 'AsJudged' }),
    readerOf: () => ({ read: async () => ({ kind: 'NoData', message: 'nobody asks anything' }) }),
  };
  return [
    hardwareController({ cluster, clock, worker, holdDownMs: 0 }),
    searchController({ cluster, clock, worker }),
    variantController({ cluster, clock, worker }),
    trialController({ cluster, clock, worker }),
    slaController({ cluster, clock, sources }),
  ];
}

before(async () => {
  running = await runEmbedded(controllersOf);
  ({ local, folder } = running);
});
after(() => running.stop());

const ref = (path: string) => ({ uri: pathToFileURL(resolve(path)).href });
const quickstart = (name: string) => ref(`examples/quickstart/${name}`);

/** A model of the test's own, searched by a search that makes so many variants of it. */
async function search(name: string, maxVariants: number): Promise<string> {
  const model = join(folder, `${name}.onnx`);
  await copyFile('examples/quickstart/supernet.onnx', model);
  const wanted: NASSearch = withDefaults({
    ...{ apiVersion, kind: 'NASSearch', metadata: { name, namespace } },
    spec: {
      ...{ model: ref(model), supernet: quickstart('supernet.json') },
      data: { heldout: quickstart('heldout.npz'), calibration: quickstart('calibration.npz') },
      budget: { maxVariants },
      measurement: { maxTime: '5s' },
    } as unknown as NASSearchSpec,
  });
  await local.cluster.create(nasSearches, wanted);
  return model;
}

async function overwrite(model: string, version: string): Promise<void> {
  const present = decode(new Uint8Array(await readFile(model)));
  await writeFile(model, encode(withMetadata(present, { version })));
}

/** An object of a name once it is as it should be. */
async function once<T extends ApiObject>(type: ResourceType<T>, name: string, is: (object: T) => boolean): Promise<T> {
  for (;;) {
    const found = await local.cluster.get(type, { namespace, name });
    if (found && is(found)) return found;
    await sleep(200);
  }
}

/** Lets the last look at the model of a search, or its end, be long ago: nobody waits for an interval to pass. */
async function due(name: string): Promise<void> {
  const { cluster } = local;
  const finished = '2026-01-01T00:00:00.000Z';
  for (;;) {
    const found = await once(nasSearches, name, ({ status }) => status?.modelCheck?.started === undefined);
    const modelCheck = found.status?.modelCheck && { ...found.status.modelCheck, finished };
    const status = { ...found.status, finished, modelCheck };
    const written = await cluster.replaceStatus(nasSearches, { ...found, status }).catch((error: unknown) => {
      if (!isApiError(error, 'Conflict')) throw error;
    });
    if (written) return;
  }
}
const reason = ({ status }: NASSearch | LatencySLA, type: string) => findCondition(status?.conditions, type)?.reason;

test('a model that is overwritten while it is searched ends the search with a sentence', {
  timeout: 300_000,
}, async () => {
  const model = await search('halfway', 6);
  const ready = await once(variants, 'halfway-base', ({ status }) => status?.artifact !== undefined);
  await overwrite(model, '2');
  const { status } = await once(nasSearches, 'halfway', (one) => reason(one, 'Succeeded') === 'ModelChanged');
  const { message = '' } = findCondition(status?.conditions, 'Succeeded') ?? {};
  assert.match(
    message,
    /was overwritten while it was searched: it is sha256:.* run retune retry, or make a new NASSearch/,
  );
  assert.equal(status?.modelDigest, ready.status?.modelDigest);
  const made = await local.cluster.list(variants, { namespace, labels: { 'retune.dev/search': 'halfway' } });
  assert.equal(made.length, 2, 'one more was tried, and no further one');
});

test('a model that is overwritten afterwards is found, and searched anew as it is now', {
  timeout: 300_000,
}, async () => {
  const { cluster } = local;
  const model = await search('after', 1);
  const first = await once(nasSearches, 'after', (one) => reason(one, 'Succeeded') === 'Completed');
  const sla = anSla({ searchRef: { name: 'after' } });
  await cluster.create(latencySlas, sla);
  await once(latencySlas, 'web', ({ status }) => status?.observedGeneration !== undefined);
  await due('after');
  const same = await once(nasSearches, 'after', (one) => reason(one, 'ModelCurrent') !== undefined);
  assert.equal(reason(same, 'ModelCurrent'), 'Unchanged');
  await rm(model);
  await due('after');
  await once(nasSearches, 'after', (one) => reason(one, 'ModelCurrent') === 'ModelMissing');
  assert.equal((await cluster.get(latencySlas, { namespace, name: 'web' }))?.status?.retune, undefined);
  await copyFile('examples/quickstart/supernet.onnx', model);
  await overwrite(model, '2');
  await due('after');
  const { status } = await once(latencySlas, 'web', (one) => one.status?.retune !== undefined);
  assert.equal(status?.retune?.trigger, 'ModelChanged');
  const next = status?.retune?.search ?? '';
  const again = await once(nasSearches, next, (one) => reason(one, 'Succeeded') === 'Completed');
  assert.notEqual(again.status?.modelDigest, first.status?.modelDigest);
  assert.equal(again.status?.modelDigest, status?.retune?.modelDigest);
  await due(next);
  const looked = await once(nasSearches, next, (one) => reason(one, 'ModelCurrent') !== undefined);
  assert.equal(reason(looked, 'ModelCurrent'), 'Unchanged');
  await sleep(6000);
  assert.equal((await cluster.get(latencySlas, { namespace, name: 'web' }))?.status?.retune?.search, next);
  const left = await cluster.list(pods, { namespace });
  assert.deepEqual(
    left.filter(({ metadata }) => metadata.name.endsWith('model-check')).map(({ metadata }) => metadata.name),
    [],
  );
});
