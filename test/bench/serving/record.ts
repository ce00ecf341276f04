/**
 * `node test/bench/serving/record.ts [file [variants [minutes]]]`: searches the quick-start supernet on this machine, and
 * writes what its trials measured to the file, by default front.json beside this one. To be run on an otherwise idle
 * machine, where sixteen variants take about five minutes.
 */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiVersion } from '../../../src/api/common.ts';
import type { NASSearch } from '../../../src/api/nas-search.ts';
import { trials, variants } from '../../../src/api/resources.ts';
import type { Trial } from '../../../src/api/trial.ts';
import type { Variant } from '../../../src/api/variant.ts';
import { lossOf } from '../../../src/core/quality/metric.ts';
import { quantile } from '../../../src/core/statistics/quantile.ts';
import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { directoryStore } from '../../../src/stores/directory/directory.ts';
import { withSearch } from '../search.ts';
import { Front, type MeasuredVariant } from './front.ts';

const example = (name: string) => new URL(`../../../examples/quickstart/${name}`, import.meta.url).href;
const [file = fileURLToPath(new URL('front.json', import.meta.url)), most = '16', minutes = '20'] =
  process.argv.slice(2);
const batchSize = 32;
const manifest = {
  apiVersion,
  kind: 'NASSearch' as const,
  metadata: { name: 'quickstart' },
  spec: {
    model: { uri: example('supernet.onnx') },
    supernet: { uri: example('supernet.json') },
    data: { heldout: { uri: example('heldout.npz') }, calibration: { uri: example('calibration.npz') } },
    quality: { maxDrop: '2%' },
    workload: { batchSize },
    latency: { threshold: '50ms' },
    budget: { maxVariants: Number(most), maxDuration: `${minutes}m` },
    measurement: { maxTime: '60s' },
    seed: 7,
  },
};

const points = 200;

/** The samples of a record as so many quantiles, the least and the largest among them. */
function quantilesOf(samplesMs: number[]): number[] {
  const sorted = Float64Array.from(samplesMs).sort();
  return Array.from({ length: points + 1 }, (_, i) => Number(quantile(sorted, i / points).toFixed(4)));
}

async function measuredVariant(variant: Variant, trial: Trial): Promise<MeasuredVariant | undefined> {
  const { artifact, quality } = variant.status ?? {};
  const { latency, loadCurve, record, outputsAgree, stoppedEarly } = trial.status ?? {};
  if (!artifact || !quality || !latency || !loadCurve || !record || outputsAgree === false || stoppedEarly)
    return undefined;
  // <store>/sha256/<hex>
  const store = directoryStore(dirname(dirname(fileURLToPath(artifact.uri))));
  const { candidateMs } = JSON.parse(new TextDecoder().decode(await store.get(record))) as { candidateMs: number[] };
  const { p50Ms, p99Ms, meanMs } = latency;
  return {
    ...{ variant: variant.metadata.name, precision: variant.spec.candidate.precision, onFront: false },
    ...{ quality, p50Ms, p99Ms, meanMs, loadCurve, serviceMs: quantilesOf(candidateMs) },
  };
}

async function record(cluster: Cluster, search: NASSearch): Promise<Front> {
  const [made, run] = [await cluster.list(variants), await cluster.list(trials)];
  const all = await Promise.all(
    run.map((trial) => {
      const variant = made.find(({ metadata }) => metadata.name === trial.spec.variantRef.name);
      return variant && measuredVariant(variant, trial);
    }),
  );
  const measured = all.filter((one) => one !== undefined);
  const beats = (a: MeasuredVariant, b: MeasuredVariant) =>
    a.p99Ms <= b.p99Ms && lossOf(a.quality) <= lossOf(b.quality) && a !== b;
  for (const one of measured) one.onFront = !measured.some((other) => beats(other, one));
  if (!measured.some(({ variant }) => variant === search.status?.base)) {
    throw new Error(`the base model was not measured in ${minutes} minutes: the machine must be idle`);
  }
  const facts = run.find(({ status }) => status?.facts)?.status?.facts;
  return Front.parse({
    machine: `${facts?.cpuModel}, one thread, ${facts?.engine}`,
    ...{ batchSize, base: search.status?.base, variants: measured },
  });
}

let last = '';
const front = await withSearch(manifest, Number(minutes) * 60_000, record, ({ status }) => {
  const message = status?.conditions?.find(({ type }) => type === 'Succeeded')?.message ?? '';
  if (message !== last) console.error(message);
  last = message;
});
await writeFile(file, `${JSON.stringify(front)}\n`);
for (const { variant, precision, quality, p50Ms, p99Ms, onFront } of front.variants) {
  console.log(variant, precision, quality.value.toFixed(4), p50Ms.toFixed(2), p99Ms.toFixed(2), onFront ? 'front' : '');
}
