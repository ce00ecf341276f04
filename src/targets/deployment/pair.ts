import { labels } from '../../api/common.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { type Deployment, deployments, type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { bindingOf, boundModel } from '../bindings/choose.ts';
import { servingImage } from '../bindings/template.ts';
import { gitOpsUnfit } from '../gitops.ts';
import { targetPod, trackOf } from '../pods.ts';
import { ownedPath } from '../set-model.ts';
import type { ModelBinding, TargetSnapshot, Workload } from '../target.ts';
import { type BesideTrack, besideTracks, besideWorkload, trackName, workloadLabel } from './beside.ts';
import { trackState } from './track-state.ts';

/** Owner of what Retune makes beside a workload. */
export const besideFieldManager = 'retune-canary';

export interface Observed {
  workload: Deployment;
  snapshot: TargetSnapshot;
}

export const trackKey = ({ namespace, name }: Key, track: BesideTrack) => ({ namespace, name: trackName(name, track) });

/** The Deployment that is there, and not about to go. */
export async function presentDeployment(cluster: Cluster, key: Key): Promise<Deployment | undefined> {
  const found = await cluster.get(deployments, key);
  return found?.metadata.deletionTimestamp ? undefined : found;
}

async function podsOf(cluster: Cluster, { metadata, spec }: Deployment): Promise<Pod[]> {
  const { namespace, name } = metadata;
  const [own, beside] = await Promise.all([
    cluster.list(pods, { namespace, labels: spec.selector.matchLabels }),
    cluster.list(pods, { namespace, labels: { [labels.workload]: workloadLabel(name) } }),
  ]);
  return [...new Map([...own, ...beside].map((pod) => [pod.metadata.name, pod])).values()];
}

function unfitOf(workload: Deployment, reference: ModelBinding, ignored: boolean) {
  if (ignored) return undefined;
  const { where } = bindingOf(reference);
  const container = reference.container ?? workload.spec.template.spec.containers[0]?.name ?? '';
  return gitOpsUnfit(workload, ownedPath(workload, reference), where(container));
}

/** The workload, what stands beside it, and all their pods; undefined when the workload is gone. */
export async function observePair(
  cluster: Cluster,
  { key, reference, fieldIgnoredByGitOps }: Workload,
): Promise<Observed | undefined> {
  const [workload, canary, baseline] = await Promise.all([
    presentDeployment(cluster, key),
    ...besideTracks.map((track) => cluster.get(deployments, trackKey(key, track))),
  ]);
  if (!workload) return undefined;
  const all = await podsOf(cluster, workload);
  const state = (deployment: Deployment | undefined, track: 'canary' | 'baseline') => {
    const its = all.filter((pod) => trackOf(pod) === track && !pod.metadata.deletionTimestamp);
    return deployment && trackState(deployment, its, reference);
  };
  const own = all.filter((pod) => trackOf(pod) === 'stable');
  const snapshot = {
    key,
    image: servingImage(workload.spec.template, reference),
    replicas: workload.spec.replicas ?? 1,
    tracks: {
      stable: trackState(workload, own, reference),
      canary: state(canary, 'canary'),
      baseline: state(baseline, 'baseline'),
    },
    inPlace: false,
    // Those about to end still answer: what their requests take is production, too.
    pods: all.map((pod) => targetPod(pod, trackOf(pod))),
    unfit: unfitOf(workload, reference, fieldIgnoredByGitOps ?? false),
  };
  return { workload, snapshot };
}

/** Makes canary and baseline, or makes them as they should be. The workload must be there. */
export async function ensurePair(
  cluster: Cluster,
  workload: Deployment,
  reference: ModelBinding,
  how: {
    modelUri: string;
    replicas: number;
    relabel?: (track: BesideTrack) => Record<string, string>;
    gated?: boolean;
  },
): Promise<void> {
  const present = boundModel(`Deployment ${workload.metadata.name}`, workload.spec.template, reference);
  const uris = { canary: how.modelUri, baseline: present };
  for (const track of besideTracks) {
    const beside = {
      track,
      modelUri: uris[track],
      replicas: how.replicas,
      relabel: how.relabel?.(track),
      gated: how.gated && track === 'canary',
    };
    const wanted = besideWorkload(workload, reference, beside);
    await cluster.apply(deployments, wanted, { fieldManager: besideFieldManager, force: true });
  }
}

export async function removePair(cluster: Cluster, key: Key): Promise<void> {
  for (const track of besideTracks) await cluster.delete(deployments, trackKey(key, track));
}
