import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nasSearches, variants } from '../../../src/api/resources.ts';
import { label } from '../../../src/core/search/candidate.ts';
import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { withSearch } from '../search.ts';
import type { Metric } from './judge.ts';

export interface RetuneTask {
  /** Paths of the model and of the data sets (.npz). */
  model: string;
  calibration: string;
  heldout: string;
  metric: Metric;
  /** The output that is judged. */
  output: string;
  batchSize: number;
  seconds: number;
}

const [namespace, name] = ['default', 'bench'];
/** What a search may take longer than its budget, to end trials that it had begun. */
const graceMs = 120_000;
const uri = (path: string) => ({ uri: pathToFileURL(path).href });

const manifestOf = ({ model, calibration, heldout, metric, output, batchSize, seconds }: RetuneTask) => ({
  apiVersion: nasSearches.apiVersion,
  kind: nasSearches.kind,
  metadata: { namespace, name },
  spec: {
    model: uri(model),
    data: { heldout: uri(heldout), calibration: uri(calibration) },
    quality: { metric, output, maxDrop: '1%' },
    space: { threads: [1] },
    workload: { batchSize },
    budget: { maxVariants: 1000, maxDuration: `${seconds}s` },
    worker: { cpu: '1', memory: '4Gi' },
  },
});

async function artifactOf(cluster: Cluster, variant: string) {
  const found = await cluster.get(variants, { namespace, name: variant });
  const uri = found?.status?.artifact?.uri;
  if (!found || !uri) throw new Error(`the variant ${variant} is on the front and has no artifact`);
  return { model: new Uint8Array(await readFile(fileURLToPath(uri))), what: label(found.spec.candidate) };
}

/**
 * What Retune makes of a model in `seconds`: runs a NASSearch on this machine to its end, as `retune search` does, and
 * gives the variants of its front, as a peer gives all that it made. Throws Error when it fails.
 */
export const retuneFront = (task: RetuneTask): Promise<{ model: Uint8Array; what: string }[]> =>
  withSearch(manifestOf(task), 1000 * task.seconds + graceMs, (cluster, { status }) =>
    Promise.all((status?.accelerators?.[0]?.front ?? []).map(({ variant }) => artifactOf(cluster, variant))),
  );
