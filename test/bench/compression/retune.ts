import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { NASSearch } from '../../../src/api/nas-search.ts';
import { nasSearches, variants } from '../../../src/api/resources.ts';
import { controllers } from '../../../src/cli/controllers.ts';
import { openEmbedded } from '../../../src/cli/embedded.ts';
import { label } from '../../../src/core/search/candidate.ts';
import { createLog } from '../../../src/observe/logging.ts';
import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { findCondition } from '../../../src/runtime/conditions.ts';
import { manager } from '../../../src/runtime/manager.ts';
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
const silent = { reconciled: () => undefined, queueDepth: () => undefined };
/** What a search may take longer than its budget, to end trials that it had begun. */
const graceMs = 120_000;
const uri = (path: string) => ({ uri: pathToFileURL(path).href });

const ended = (search: NASSearch | undefined) => {
  const { status = 'Unknown' } = findCondition(search?.status?.conditions, 'Succeeded') ?? {};
  return status !== 'Unknown';
};

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
export async function retuneFront(task: RetuneTask): Promise<{ model: Uint8Array; what: string }[]> {
  const log = createLog({ level: 'error', format: 'text' });
  const local = await openEmbedded(log);
  const stopping = new AbortController();
  const all = controllers({ cluster: local.cluster, clock: Date.now, worker: local.worker, holdDownMs: 0 });
  const running = manager({ cluster: local.cluster, controllers: all, observer: silent, log }).run(stopping.signal);
  try {
    await local.cluster.apply(nasSearches, manifestOf(task), { fieldManager: 'retune-bench' });
    const deadline = Date.now() + 1000 * task.seconds + graceMs;
    let found = await local.cluster.get(nasSearches, { namespace, name });
    while (Date.now() < deadline && !ended(found)) {
      await sleep(500);
      found = await local.cluster.get(nasSearches, { namespace, name });
    }
    const outcome = findCondition(found?.status?.conditions, 'Succeeded');
    if (outcome?.status === 'False') throw new Error(`the search failed (${outcome.reason}): ${outcome.message}`);
    // A search that is still at its last trials has a front of what it knows.
    const names = (found?.status?.accelerators?.[0]?.front ?? []).map(({ variant }) => variant);
    return await Promise.all(names.map((variant) => artifactOf(local.cluster, variant)));
  } finally {
    stopping.abort();
    await running;
    await local.close();
  }
}
