import { workerEnv } from '../../api/task.ts';
import type { Container, PodSpec } from '../../runtime/cluster/core-types.ts';

/** Where worker pods keep artifacts: a folder of each node, a claim, or a store that they reach over the network. */
export type StoreSettings =
  | (({ hostPath: string } | { claimName: string }) & {
      /** Where it is mounted in worker pods: a URI must mean the same in all pods that mount it. */
      mountPath?: string;
    })
  | {
      /** `s3://…` or `oci://…`; credentials are never in it. */
      uri: string;
      /** A Secret in the namespace of each pod, mounted read-only, with the files that `retune` knows for its store. */
      secretName?: string;
      /** A service account in the namespace of each pod that a cloud knows (workload identity). */
      serviceAccountName?: string;
    };

const defaultMount = '/var/lib/retune';
const credentials = { name: 'store-credentials', mountPath: '/var/run/retune/store-credentials' };
/** Pods run as this group, and nobody else needs the files. */
const groupMayRead = 0o440;

export interface StoreMount {
  env: NonNullable<Container['env']>;
  mounts: NonNullable<Container['volumeMounts']>;
  volumes: NonNullable<PodSpec['volumes']>;
  pod: Pick<PodSpec, 'serviceAccountName'>;
}

/** What a worker pod needs for its store: environment, mounts, volumes, and whom it runs as. */
export function storeMount(store: StoreSettings): StoreMount {
  if (!('uri' in store)) {
    const mountPath = store.mountPath ?? defaultMount;
    const volume =
      'hostPath' in store
        ? { hostPath: { path: store.hostPath, type: 'Directory' } }
        : { persistentVolumeClaim: { claimName: store.claimName } };
    return {
      env: [{ name: workerEnv.store, value: `file://${mountPath}` }],
      mounts: [{ name: 'artifacts', mountPath }],
      volumes: [{ name: 'artifacts', ...volume }],
      pod: {},
    };
  }
  const { uri, secretName, serviceAccountName } = store;
  const env = [{ name: workerEnv.store, value: uri }];
  const pod = serviceAccountName === undefined ? {} : { serviceAccountName };
  if (secretName === undefined) return { env, mounts: [], volumes: [], pod };
  return {
    env: [...env, { name: workerEnv.storeCredentials, value: credentials.mountPath }],
    mounts: [{ ...credentials, readOnly: true }],
    volumes: [{ name: credentials.name, secret: { secretName, defaultMode: groupMayRead } }],
    pod,
  };
}
