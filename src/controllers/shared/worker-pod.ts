import { labels } from '../../api/common.ts';
import type { NASSearchSpec } from '../../api/nas-search.ts';
import { type Task, workerEnv } from '../../api/task.ts';
import { quantity } from '../../api/units.ts';
import { deviceOf, excludedLabels } from '../../core/hardware/labels.ts';
import type { ApiObject } from '../../runtime/cluster/cluster.ts';
import type { Container, Pod } from '../../runtime/cluster/core-types.ts';
import { controlledBy } from './owner.ts';
import { type StoreSettings, storeMount } from './store-mount.ts';
import { deadlineMs, trainingContainers, trainingPod } from './training-pod.ts';

/** What the administrator of a cluster adds to worker pods; field names and meanings are Kubernetes'. */
export interface PodSettings {
  /** The Kueue queue of pods whose search names none. */
  queueName?: string;
  priorityClassName?: string;
  imagePullSecrets?: { name: string }[];
  tolerations?: Record<string, unknown>[];
  /** By accelerator type: for nodes that are tainted because of what they have. */
  accelerators?: Record<string, { tolerations?: Record<string, unknown>[] }>;
}

/** What every worker pod is made of, the same for all searches. */
export interface WorkerSettings {
  /** The image of workers whose search names none. */
  image: string;
  store: StoreSettings;
  /** Where pods run that belong to no namespace: probes of accelerators. */
  namespace: string;
  /** What a cluster's administrator adds to every worker pod. */
  pods?: PodSettings;
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
  /** The accelerator type of those nodes. */
  accelerator?: string;
  labels?: Record<string, string>;
}

/** Nodes that carry these labels and are no part of such a device; of the terms, one must hold with all of its rules. */
function nodeTerms(nodeLabels: Record<string, string>) {
  const carried = Object.entries(nodeLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return excludedLabels(nodeLabels).reduce<
    { matchExpressions: { key: string; operator: string; values?: string[] }[] }[]
  >(
    (terms, { key, whole }) => {
      const ways = [
        { key, operator: 'DoesNotExist' },
        ...(whole.length > 0 ? [{ key, operator: 'In', values: [...whole] }] : []),
      ];
      return terms.flatMap(({ matchExpressions }) =>
        ways.map((way) => ({ matchExpressions: [...matchExpressions, way] })),
      );
    },
    [{ matchExpressions: carried }],
  );
}

/** On its accelerator's nodes, and on none where another worker runs: two benchmarks on a node measure each other. */
function affinity(nodeLabels: Record<string, string> | undefined) {
  return {
    ...(nodeLabels && {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodeTerms(nodeLabels) },
      },
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

/** Accelerator nodes are often tainted; the pod's affinity keeps it from all others. */
const gpuToleration = { key: 'nvidia.com/gpu', operator: 'Exists' };

function tolerations({ pods, accelerator, gpu }: { pods: PodSettings; accelerator?: string; gpu: boolean }) {
  const its = accelerator ? (pods.accelerators?.[accelerator]?.tolerations ?? []) : [];
  return [...(gpu ? [gpuToleration] : []), ...(pods.tolerations ?? []), ...its];
}

/** All that a worker may write to beside its store: engines write optimised graphs to files. */
const scratch = { volume: { name: 'tmp', emptyDir: {} }, mount: { name: 'tmp', mountPath: '/tmp' } };

/** CUDA's libraries take most of a gigabyte in each of the two processes that are compared. */
const leastOnGpu = '4Gi';
const atLeast = (least: string, wanted: string) => (quantity(wanted) < quantity(least) ? least : wanted);

/**
 * A pod that does one task and ends: Guaranteed resources in whole cores, the restricted Pod Security Standard, no
 * service-account token, a deadline, its result in the termination message.
 */
export function workerPod(options: WorkerPod): Pod {
  const { owner, name, task, worker, settings, nodeLabels, accelerator, labels: extra } = options;
  const { pods = {} } = settings;
  const queueName = worker.queueName ?? pods.queueName;
  const device = nodeLabels && deviceOf(nodeLabels);
  const resources = device
    ? { cpu: worker.cpu, memory: atLeast(leastOnGpu, worker.memory), [device.resource]: '1' }
    : { cpu: worker.cpu, memory: worker.memory };
  const store = storeMount(settings.store);
  const container: Container = {
    name: 'worker',
    image: worker.image ?? settings.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['worker'],
    env: [
      { name: workerEnv.task, value: JSON.stringify(task) },
      ...store.env,
      ...(device ? [{ name: workerEnv.provider, value: device.provider }] : []),
    ],
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
        ...(queueName && { 'kueue.x-k8s.io/queue-name': queueName }),
        ...extra,
      },
      // A cloud gives its identity to every container, and the trainer's is none of ours.
      ...(store.pod.serviceAccountName && {
        annotations: { 'eks.amazonaws.com/skip-containers': trainingContainers.trainer },
      }),
      ownerReferences: [controlledBy(owner.kind, owner.metadata)],
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: Math.ceil(deadlineMs(task, worker) / 1000),
      ...store.pod,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      affinity: affinity(nodeLabels),
      tolerations: tolerations({ pods, accelerator, gpu: nodeLabels !== undefined }),
      ...(pods.priorityClassName && { priorityClassName: pods.priorityClassName }),
      ...(pods.imagePullSecrets && { imagePullSecrets: pods.imagePullSecrets }),
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
