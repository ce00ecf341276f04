import { durationMs } from '../api/units.ts';
import { createLog } from '../observe/logging.ts';
import { kubernetesCluster, loadConfig } from '../runtime/cluster/kubernetes/kubernetes.ts';
import { openStore } from '../stores/open.ts';
import { collectGarbage, collectionPhrase } from './collect-garbage.ts';

export interface GcOptions {
  store?: string;
  kubeconfig?: string;
  grace: string;
  dryRun?: boolean;
  output?: string;
}

/** `retune gc`: removes from a store what nothing in a cluster names any more, or says what it would remove. */
export async function gc({
  store: uri = process.env.RETUNE_STORE,
  kubeconfig,
  grace,
  dryRun,
  output,
}: GcOptions): Promise<void> {
  if (!uri) throw new Error('there is no store to clean: set RETUNE_STORE or pass --store s3://bucket/prefix');
  if (output !== undefined && output !== 'json') throw new Error(`there is no output format "${output}": write json`);
  const store = openStore(uri);
  const cluster = kubernetesCluster(loadConfig(kubeconfig), createLog({ level: 'warn', format: 'text' }));
  const found = await collectGarbage({ cluster, store, clock: Date.now, graceMs: durationMs(grace), dryRun });
  if (output === 'json') {
    const { removed, named, young, refused } = found;
    console.log(JSON.stringify({ store: uri, dryRun: dryRun ?? false, removed, named, young, refused }));
  } else {
    for (const { digest, sizeBytes } of found.removed) console.log(`${digest}  ${sizeBytes} bytes`);
    console.log(collectionPhrase(found, dryRun));
  }
  if (found.refused) process.exitCode = 1;
}
