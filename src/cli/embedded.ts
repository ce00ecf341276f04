import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkerSettings } from '../controllers/shared/worker-pod.ts';
import { startEmbedded } from '../runtime/cluster/embedded/embedded.ts';
import { moduleUrl } from '../runtime/modules.ts';
import type { Log } from '../runtime/reconcile.ts';
import { embeddedKinds } from './embedded-kinds.ts';

/** The image that manifests name; here it stands for this very program. */
const image = 'retune:latest';
const main = fileURLToPath(moduleUrl('./main.ts', import.meta.url));

/** A cluster inside this process, and a folder of its own for artifacts and logs. */
export async function openEmbedded(log: Log) {
  const folder = await mkdtemp(join(tmpdir(), 'retune-'));
  const store = join(folder, 'artifacts');
  await mkdir(store);
  const embedded = await startEmbedded({
    ...{ kinds: embeddedKinds, folder: join(folder, 'pods'), log },
    nodeLabels: { 'retune.dev/accelerator-type': 'this-machine' },
    commandOf: (name) => (name === image ? [process.execPath, main] : undefined),
    environment: ({ ip, terminationLog }) => ({
      ...{ RETUNE_BIND_ADDRESS: ip, RETUNE_TERMINATION_LOG: terminationLog, NODE_NO_WARNINGS: '1' },
      // A trial starts some eight processes: what one has compiled, the next need not.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
    }),
  });
  const where = { hostPath: store, mountPath: store };
  const worker: WorkerSettings = { image, namespace: 'default', store: where, processes: true };
  return {
    ...embedded,
    worker,
    folder,
    /** Ends everything and removes the folder, unless RETUNE_DEBUG is set. */
    async close() {
      await embedded.stop();
      if (process.env.RETUNE_DEBUG) console.error(`logs and artifacts are kept in ${folder}`);
      else await rm(folder, { recursive: true, force: true });
    },
  };
}
