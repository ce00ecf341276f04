/**
 * `node test/bench/serving/record.ts [file [variants [minutes]]]`: searches the quick-start supernet on this machine, and
 * writes what its trials measured to the file, by default front.json beside this one. To be run on an otherwise idle
 * machine, where sixteen variants take about five minutes.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { apiVersion } from '../../../src/api/common.ts';
import type { NASSearch } from '../../../src/api/nas-search.ts';
import { trials, variants } from '../../../src/api/resources.ts';
import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { withSearch } from '../search.ts';
import { frontOf } from './front-of.ts';

const example = (name: string) => new URL(`../../../examples/quickstart/${name}`, import.meta.url).href;
const [file = fileURLToPath(new URL('front.json', import.meta.url)), most = '16', minutes = '20'] =
  process.argv.slice(2);
const batchSize = 32;
const thresholdMs = 50;
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
    latency: { threshold: `${thresholdMs}ms` },
    budget: { maxVariants: Number(most), maxDuration: `${minutes}m` },
    measurement: { maxTime: '60s' },
    seed: 7,
  },
};

const record = async (cluster: Cluster, search: NASSearch) =>
  frontOf(search, await cluster.list(variants), await cluster.list(trials), thresholdMs);

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
