import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { pods } from '../../runtime/cluster/core-types.ts';
import { gitOpsUnfit } from '../gitops.ts';
import { podFailure, targetPod } from '../pods.ts';
import { modelFieldManager } from '../set-model.ts';
import type { RolloutTarget, Workload } from '../target.ts';
import { type InferenceService, inferenceServices, podLabels, revisions } from './inference-service.ts';
import { canaryPercent, newestServes, storageUri, trackOfRevision, tracksOf, unfitOf } from './state.ts';

const ownedPath = ['f:spec', 'f:predictor', 'f:model', 'f:storageUri'];

/**
 * An InferenceService of KServe on Knative. The canary is its newest revision, given canaryTrafficPercent of the
 * requests; KServe keeps the revision before. Both fields are scalars, so that they are applied and owned, and the
 * percentage goes by not being applied any more.
 */
export function kserveTarget(cluster: Cluster, { key, fieldIgnoredByGitOps }: Workload): RolloutTarget {
  const { namespace, name } = key;

  async function present(): Promise<InferenceService | undefined> {
    const found = await cluster.get(inferenceServices, key);
    return found?.metadata.deletionTimestamp ? undefined : found;
  }

  async function newestOf({ status }: InferenceService) {
    const revision = status?.components?.predictor?.latestReadyRevision;
    return revision === undefined ? undefined : cluster.get(revisions, { namespace, name: revision });
  }

  /** All that is owned of the object from now on: what was owned and is not named goes, or is left to whoever owns it too. */
  async function own({
    storageUri,
    ...percent
  }: {
    storageUri?: string;
    canaryTrafficPercent?: number;
  }): Promise<void> {
    const { apiVersion, kind } = inferenceServices;
    const spec = storageUri === undefined ? {} : { spec: { predictor: { model: { storageUri }, ...percent } } };
    const applied = { apiVersion, kind, metadata: { name, namespace }, ...spec };
    await cluster.apply(inferenceServices, applied, { fieldManager: modelFieldManager, force: true });
  }

  return {
    async observe(rollout) {
      const service = await present();
      if (!service) return undefined;
      const [newest, its] = await Promise.all([
        newestOf(service),
        cluster.list(pods, { namespace, labels: { [podLabels.service]: name } }),
      ]);
      const trackOf = (labels: Record<string, string> | undefined) =>
        trackOfRevision(service, labels?.[podLabels.revision]);
      const { latestCreatedRevision } = service.status?.components?.predictor ?? {};
      const ofNewest = its.filter(({ metadata }) => metadata.labels?.[podLabels.revision] === latestCreatedRevision);
      const field = 'spec.predictor.model.storageUri';
      return {
        key,
        replicas: Math.max(1, its.filter(({ metadata }) => trackOf(metadata.labels) === 'stable').length),
        tracks: tracksOf(service, newest, ofNewest.map(podFailure).find(Boolean), rollout),
        inPlace: true,
        weight: canaryPercent(service) ?? 0,
        pods: its.map((pod) => targetPod(pod, trackOf(pod.metadata.labels))),
        unfit: unfitOf(service, rollout) ?? (fieldIgnoredByGitOps ? undefined : gitOpsUnfit(service, ownedPath, field)),
      };
    },

    async ensureCanary(modelUri) {
      const service = await present();
      if (!service || (storageUri(service) === modelUri && canaryPercent(service) !== undefined)) return;
      // Ready before it is given anything.
      await own({ storageUri: modelUri, canaryTrafficPercent: 0 });
    },

    async admit() {},

    async setWeight(percent) {
      const service = await present();
      const now = service && canaryPercent(service);
      if (!service || now === undefined || now === percent) return;
      await own({ storageUri: storageUri(service), canaryTrafficPercent: percent });
    },

    async removeCanary({ modelUri, previousUri }) {
      const service = await present();
      if (!service || canaryPercent(service) === undefined) return;
      const uri = storageUri(service);
      if (uri === modelUri) {
        // What is newest and ready gets all requests when the percentage goes: first it must be the old model again.
        await own({ storageUri: previousUri, canaryTrafficPercent: 0 });
      } else if (uri !== previousUri) {
        // Someone else wrote a model meanwhile. It is theirs, and so is what comes of it.
        await own({});
      } else if (newestServes(service, await newestOf(service), previousUri)) {
        await own({ storageUri: previousUri });
      }
    },

    async setModel(modelUri) {
      const service = await present();
      if (!service || (storageUri(service) === modelUri && canaryPercent(service) === undefined)) return;
      await own({ storageUri: modelUri });
    },

    async patch(modelUri) {
      const service = await present();
      if (!service) return undefined;
      const { apiVersion, kind } = inferenceServices;
      storageUri(service);
      return { apiVersion, kind, type: 'merge', body: { spec: { predictor: { model: { storageUri: modelUri } } } } };
    },
  };
}
