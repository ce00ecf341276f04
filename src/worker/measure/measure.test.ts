import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { MeasureResult, type MeasureTask } from '../../api/task.ts';
import { decode, encode, withMetadata } from '../../core/onnx/model.ts';
import { parseManifest, slice } from '../../core/onnx/supernet.ts';
import { difference } from '../../core/statistics/paired.ts';
import { moduleUrl } from '../../runtime/modules.ts';
import { directoryStore } from '../../stores/directory/directory.ts';
import { failureOf } from '../failure.ts';
import { writeNpz } from '../npz.ts';
import { messageOf } from '../run.ts';
import { measure } from './measure.ts';

const modules = {
  engine: moduleUrl('../../engines/onnxruntime/onnxruntime.ts', import.meta.url),
  stores: moduleUrl('../../stores/open.ts', import.meta.url),
};
const quickstart = (name: string) => ({ uri: pathToFileURL(`examples/quickstart/${name}`).href });
let folder: string;
const digests: Record<string, string> = {};
const store = () => pathToFileURL(folder).href;

/** The supernet as it is, and a subnet that is several times faster. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retune-measure-'));
  const base = decode(new Uint8Array(await readFile('examples/quickstart/supernet.onnx')));
  const manifest = parseManifest(await readFile('examples/quickstart/supernet.json', 'utf8'));
  const stamp = { 'retune.threads': '1', 'retune.graphOptimization': 'All' };
  const small = slice(base, manifest, { 'stage1.depth': 1, 'stage1.width': 8, 'stage2.depth': 1, 'stage2.width': 32 });
  for (const [name, model] of Object.entries({ base, small })) {
    digests[name] = await directoryStore(folder).put(encode(withMetadata(model, stamp)));
  }
});
after(() => rm(folder, { recursive: true }));

const task = (change: Partial<MeasureTask> = {}): MeasureTask => ({
  kind: 'Measure',
  candidate: { digest: digests.small ?? '' },
  baseline: { digest: digests.base ?? '' },
  heldout: quickstart('heldout.npz'),
  inputs: quickstart('heldout.npz'),
  batchSize: 4,
  minSamples: 400,
  maxMeasureMs: 30_000,
  cpuLimit: 1,
  stopWhenSlower: false,
  ...change,
});

test('a faster variant is found to be faster, with all that a trial needs, in a termination message', async () => {
  const result = await measure({ store: store(), modules }, task());
  assert.equal(difference(result.ratio, 0.01), 'Faster');
  assert.ok(result.latency.samples >= 400 || result.invalid);
  assert.ok(result.ratio.low <= result.ratio.value && result.ratio.value <= result.ratio.high);
  assert.ok(result.latency.p99LowMs <= result.latency.p99Ms && result.latency.p99Ms <= result.latency.p99HighMs);
  assert.ok(result.peakMemoryBytes > 20e6 && result.outputsAgree && result.facts.cores >= 1);
  assert.equal(result.loadCurve.length, 9);
  const { work } = result;
  assert.ok(work && work.macs > 1e6 && work.bytesMoved > work.weightBytes && work.parts[0]?.kind === 'Conv');
  assert.ok((work.fits.l1 ?? 0) <= (work.fits.l2 ?? 1));
  assert.deepEqual(MeasureResult.parse(JSON.parse(messageOf(result))).record, result.record);
  assert.ok(Buffer.byteLength(messageOf(result)) <= 4096);
  const record = JSON.parse(new TextDecoder().decode(await directoryStore(folder).get(result.record)));
  assert.equal(record.candidateMs.length, result.latency.samples);
});

test('a measurement that ends too early says so instead of guessing', async () => {
  const { invalid } = await measure({ store: store(), modules }, task({ maxMeasureMs: 1500, minSamples: 100_000 }));
  assert.ok(invalid?.reason === 'TooFewSamples' || invalid?.reason === 'NoisyNeighbour');
});

test('one that can not win is let go early', async () => {
  const slower = { candidate: { digest: digests.base ?? '' }, baseline: { digest: digests.small ?? '' } };
  const result = await measure(
    { store: store(), modules },
    task({ ...slower, minSamples: 5000, stopWhenSlower: true }),
  );
  assert.deepEqual([result.stoppedEarly, difference(result.ratio, 0.01)], [true, 'Slower']);
  assert.ok(result.latency.samples < 5000 && !result.invalid);
});

test('outputs that differ from the recorded ones are told', async () => {
  const zeros = { type: 'FP32', shape: [4, 10], data: new Float32Array(40) } as const;
  const outputs = await directoryStore(folder).put(writeNpz({ outputs: { ...zeros, shape: [4, 10] } }));
  const result = await measure({ store: store(), modules }, task({ outputs, minSamples: 100 }));
  assert.equal(result.outputsAgree, false);
  assert.deepEqual(
    result.challenge?.inputs.map(({ name, shape, low, high }) => [name, shape, low, high]),
    [['image', [1, 1, 28, 28], 0, 255]],
  );
});

test('a variant that is not in the store is a sentence', async () => {
  const missing = task({ candidate: { digest: `sha256:${'0'.repeat(64)}` } });
  const failure = await measure({ store: store(), modules }, missing).then(() => assert.fail('it passed'), failureOf);
  assert.equal(failure.reason, 'StoreFailed');
  assert.match(failure.message, /has no sha256:0000/);
});
