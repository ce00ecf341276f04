import { labels } from '../../api/common.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { type Deployment, deployments, type EnvVar, type Pod, pods } from '../../runtime/cluster/core-types.ts';
import type { ModelBinding, RolloutTarget, TargetPod, TargetSnapshot, Track } from '../target.ts';
import { servingContainer, trackState } from './track-state.ts';

/** Owner of the one field that Retune sets on a user's Deployment. */
export const modelFieldManager = 'retune-model';
const canaryFieldManager = 'retune-canary';
const added: Track[] = ['canary', 'baseline'];

export const trackName = (workload: string, track: Track) => `${workload}-retune-${track}`;

function trackOf(pod: Pod): Track {
  const track = pod.metadata.labels?.[labels.track];
  return track === 'canary' || track === 'baseline' ? track : 'stable';
}

function targetPod(pod: Pod): TargetPod {
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return {
    name: pod.metadata.name,
    track: trackOf(pod),
    address: pod.status?.podIP,
    node: pod.spec.nodeName,
    ready: ready && !pod.metadata.deletionTimestamp,
  };
}

const withModel = (env: EnvVar[] = [], { env: variable }: ModelBinding, uri: string): EnvVar[] => [
  ...env.filter(({ name }) => name !== variable),
  { name: variable, value: uri },
];

/**
 * A Deployment of one replica beside `workload`, of the same template but for the model. Its pods carry the labels of
 * the workload's own, so the workload's Services send them their share of the traffic, and the track's name, so its
 * selector takes none of the others. It goes when the workload goes.
 */
function besideWorkload(workload: Deployment, track: Track, binding: ModelBinding, uri: string): Deployment {
  const { template, selector } = workload.spec;
  const mark = { [labels.track]: track };
  const serving = servingContainer(workload, binding).name;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: trackName(workload.metadata.name, track),
      namespace: workload.metadata.namespace,
      labels: { ...mark, [labels.managedBy]: 'retune' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.metadata.name, uid: workload.metadata.uid ?? '' },
      ],
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { ...selector.matchLabels, ...mark } },
      template: {
        metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...mark } },
        spec: {
          ...template.spec,
          containers: template.spec.containers.map((container) =>
            container.name === serving ? { ...container, env: withModel(container.env, binding, uri) } : container,
          ),
        },
      },
    },
  };
}

/** The least object that names the model and nothing else: what server-side apply is to own. */
function modelOnly(target: TargetSnapshot, binding: ModelBinding, uri: string) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: target.key.name, namespace: target.key.namespace },
    spec: {
      template: { spec: { containers: [{ name: target.container, env: [{ name: binding.env, value: uri }] }] } },
    },
  };
}

/** Plain Deployments: canary and baseline are Deployments beside the workload, the Service splits by pods. */
export function deploymentTarget(cluster: Cluster): RolloutTarget {
  const track = (key: Key, name: Track) =>
    cluster.get(deployments, { namespace: key.namespace, name: trackName(key.name, name) });

  return {
    async observe(key, binding) {
      const [workload, canary, baseline] = await Promise.all([
        cluster.get(deployments, key),
        track(key, 'canary'),
        track(key, 'baseline'),
      ]);
      if (!workload || workload.metadata.deletionTimestamp) return undefined;
      const all = await cluster.list(pods, { namespace: key.namespace, labels: workload.spec.selector.matchLabels });
      const state = (deployment: Deployment | undefined, name: Track) =>
        deployment &&
        trackState(
          deployment,
          all.filter((pod) => trackOf(pod) === name && !pod.metadata.deletionTimestamp),
          binding,
        );
      return {
        key,
        uid: workload.metadata.uid ?? '',
        container: servingContainer(workload, binding).name,
        replicas: workload.spec.replicas ?? 1,
        tracks: {
          stable: trackState(
            workload,
            all.filter((pod) => trackOf(pod) === 'stable'),
            binding,
          ),
          canary: state(canary, 'canary'),
          baseline: state(baseline, 'baseline'),
        },
        // Those about to end still answer: what their requests take is production, too.
        pods: all.map(targetPod),
      };
    },

    async ensureCanary(target, binding, modelUri) {
      const workload = await cluster.get(deployments, target.key);
      if (!workload) return;
      const uris = { canary: modelUri, baseline: target.tracks.stable.modelUri, stable: '' };
      for (const name of added) {
        const wanted = besideWorkload(workload, name, binding, uris[name]);
        await cluster.apply(deployments, wanted, { fieldManager: canaryFieldManager, force: true });
      }
    },

    async removeCanary({ key }) {
      for (const name of added) {
        await cluster.delete(deployments, { namespace: key.namespace, name: trackName(key.name, name) });
      }
    },

    async setModel(target, binding, modelUri) {
      // Forced, because the model was the user's own field until now; `replicas` and all others stay theirs.
      const options = { fieldManager: modelFieldManager, force: true };
      await cluster.apply(deployments, modelOnly(target, binding, modelUri), options);
    },

    patch: (target, binding, modelUri) => JSON.stringify({ spec: modelOnly(target, binding, modelUri).spec }),
  };
}
