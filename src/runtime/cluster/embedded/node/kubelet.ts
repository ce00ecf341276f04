import type { Log } from '../../../reconcile.ts';
import { type Pod, pods } from '../../core-types.ts';
import { isApiError } from '../../errors.ts';
import type { EmbeddedApi } from '../api/api.ts';
import { Cpus } from './cpus.ts';
import { type PodContext, PodWorker } from './pod-worker.ts';

export interface KubeletOptions extends Pick<PodContext, 'commandOf' | 'environment' | 'folder'> {
  api: EmbeddedApi;
  nodeName: string;
  log: Log;
}

export interface Kubelet {
  cpus: Cpus;
  /** Ends every pod of this machine. */
  stop(): Promise<void>;
}

/** Runs the pods of this machine as processes, each with a loopback address of its own. */
export function startKubelet({ api, nodeName, log, ...rest }: KubeletOptions): Kubelet {
  const cpus = new Cpus();
  const workers = new Map<string, PodWorker>();
  const ending = new Map<string, Promise<void>>();
  let addresses = 0;

  const nextAddress = () => {
    addresses += 1;
    // Another cluster on this machine has other addresses.
    return `127.${1 + (process.pid % 250)}.${(addresses >> 8) & 255}.${addresses & 255}`;
  };
  const gone = (error: unknown) => {
    if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict'))
      log.warn('A pod could not be reported', { error: String(error) });
  };

  function start(pod: Pod, uid: string): void {
    const report = (status: NonNullable<Pod['status']>) => {
      const { name, namespace } = pod.metadata;
      void api.replaceStatus(pods, { ...pod, metadata: { name, namespace, uid }, status }).catch(gone);
    };
    workers.set(uid, new PodWorker(pod, { ...rest, cpus, ip: nextAddress(), report }));
  }

  function end(pod: Pod, uid: string): void {
    if (ending.has(uid)) return;
    const ended = (workers.get(uid)?.stop() ?? Promise.resolve())
      .then(() => api.delete(pods, pod.metadata, { uid, gracePeriodSeconds: 0 }))
      .catch(gone)
      .finally(() => {
        workers.delete(uid);
        ending.delete(uid);
      });
    ending.set(uid, ended);
  }

  const watch = api.watch(pods, {}, ({ type, object }) => {
    const uid = object.metadata.uid ?? '';
    if (object.spec.nodeName !== nodeName) return;
    const over = object.status?.phase === 'Succeeded' || object.status?.phase === 'Failed';
    if (type === 'Deleted' || object.metadata.deletionTimestamp) end(object, uid);
    else if (!over && !workers.has(uid)) start(object, uid);
    else workers.get(uid)?.see(object);
  });

  return {
    cpus,
    async stop() {
      watch.stop();
      await Promise.all([...[...workers.values()].map((worker) => worker.stop()), ...ending.values()]);
    },
  };
}
