import { apiVersion, labels } from '../../api/common.ts';
import type { NASSearchSpec } from '../../api/nas-search.ts';
import { type Task, workerEnv } from '../../api/task.ts';
import type { ApiObject } from '../../runtime/cluster/cluster.ts';
import type { Container, Pod } from '../../runtime/cluster/core-types.ts';
import { type StoreSettings, storeMount } from './store-mount.ts';
import { deadlineMs, trainingContainers, trainingPod } from './training-pod.ts';

/** What every worker pod is made of, the same for all searches. */
export interface WorkerSettings {
  /** The image of workers whose search names none. */
  image: string;
  store: StoreSettings;
  /** Where pods run that belong to no namespace: probes of accelerators. */
  namespace: string;
  /** Pods are processes here: a trainer's command runs as one, whatever image its search names. */
  processes?: boolean;
}

export interface WorkerPod {
  /** The Variant or Trial that the pod works for. */
  owner: ApiObject;
  name: string;
  task: Task;
  worker: NASSearchSpec['worker'];
  settings: WorkerSettings;
  /** Labels of the nodes it may run on; any node without. */
  nodeLabels?: Record<string, string>;
  labels?: Record<string, string>;
}

/** On its accelerator's nodes, and on none where another worker runs: two benchmarks on a node measure each other. */
function affinity(nodeLabels: Record<string, string> | undefined) {
  const matchExpressions = Object.entries(nodeLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }));
  return {
    ...(nodeLabels && {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
    }),
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          labelSelector: { matchLabels: { [labels.benchmark]: 'true' } },
          namespaceSelector: {},
          topologyKey: 'kubernetes.io/hostname',
        },
      ],
    },
  };
}

/** All that a worker may write to beside its store: engines write optimised graphs to files. */
const scratch = { volume: { name: 'tmp', emptyDir: {} }, mount: { name: 'tmp', mountPath: '/tmp' } };

/**
 * A pod that does one task and ends: Guaranteed resources in whole cores, the restricted Pod Security Standard, no
 * service-account token, a deadline, its result in the termination message.
 */
export function workerPod({ owner, name, task, worker, settings, nodeLabels, labels: extra }: WorkerPod): Pod {
  const resources = { cpu: worker.cpu, memory: worker.memory };
  const store = storeMount(settings.store);
  const container: Container = {
    name: 'worker',
    image: worker.image ?? settings.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['worker'],
    env: [{ name: workerEnv.task, value: JSON.stringify(task) }, ...store.env],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: { requests: resources, limits: resources },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [...store.mounts, scratch.mount],
  };
  const training = settings.processes ? undefined : trainingPod(container, task);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: owner.metadata.namespace,
      labels: {
        [labels.managedBy]: 'retune',
        [labels.benchmark]: 'true',
        ...(worker.queueName && { 'kueue.x-k8s.io/queue-name': worker.queueName }),
        ...extra,
      },
      // A cloud gives its identity to every container, and the trainer's is none of ours.
      ...(store.pod.serviceAccountName && {
        annotations: { 'eks.amazonaws.com/skip-containers': trainingContainers.trainer },
      }),
      ownerReferences: [
        {
          ...{ apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '' },
          ...{ controller: true, blockOwnerDeletion: true },
        },
      ],
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: Math.ceil(deadlineMs(task, worker) / 1000),
      ...store.pod,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      affinity: affinity(nodeLabels),
      // Accelerator nodes are often tainted; its affinity keeps the pod from all others.
      tolerations: nodeLabels ? [{ key: 'nvidia.com/gpu', operator: 'Exists' }] : [],
      securityContext: {
        runAsNonRoot: true,
        ...{ runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532 },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(training?.containers ?? { containers: [container] }),
      volumes: [...store.volumes, scratch.volume, ...(training?.volumes ?? [])],
    },
  };
}
