import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import {
  type InferenceService,
  inferenceServices,
  type PredictorStatus,
  podLabels,
  revisions,
  sourceAnnotation,
} from '../../../src/targets/kserve/inference-service.ts';
import { openTarget } from '../../../src/targets/open.ts';
import { newUri, oldUri, type Report, type Scene } from '../rollout-target.ts';
import { reportPod } from './pods.ts';

/** The n-th revision of a predictor, as Knative names them. */
const revisionOf = (name: string, n: number) => `${name}-predictor-${String(n).padStart(5, '0')}`;

/**
 * An InferenceService in deployment mode Knative. Its statuses are what KServe v0.16 writes (PropagateStatus copies
 * Knative's revisions), for a second revision with the new model, and a third with the old one again.
 */
export async function kserveScene(cluster: Cluster, name: string, namespace = 'default'): Promise<Scene> {
  const metadata = { name, namespace, annotations: { 'serving.kserve.io/deploymentMode': 'Knative' } };
  const { apiVersion, kind } = inferenceServices;
  const model = { modelFormat: { name: 'onnx' }, storageUri: oldUri };
  const spec = { predictor: { minReplicas: 1, model } };
  await cluster.apply(inferenceServices, { apiVersion, kind, metadata, spec }, { fieldManager: 'user' });

  async function revision(n: number, uri: string, ready: boolean): Promise<string> {
    const its = { name: revisionOf(name, n), namespace, annotations: { [sourceAnnotation]: uri } };
    if (!(await cluster.get(revisions, its))) {
      await cluster.create(revisions, { apiVersion: revisions.apiVersion, kind: 'Revision', metadata: its });
    }
    const labels = { [podLabels.service]: name, [podLabels.revision]: its.name };
    await reportPod(cluster, { name: `${its.name}-pod`, namespace, labels, ready });
    return its.name;
  }

  async function status(predictor: PredictorStatus, failed = false): Promise<void> {
    const live = await cluster.get(inferenceServices, { namespace, name });
    if (!live) return;
    const failure = { transitionStatus: 'BlockedByFailedLoad', lastFailureInfo: { reason: 'ModelLoadFailed' } };
    const next: InferenceService['status'] = {
      deploymentMode: 'Knative',
      conditions: ['PredictorReady', 'IngressReady', 'Ready'].map((type) => ({
        ...{ type, status: failed ? 'False' : 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
      })),
      components: { predictor },
      modelStatus: failed ? failure : { transitionStatus: 'UpToDate' },
    };
    await cluster.replaceStatus(inferenceServices, { ...live, status: next });
  }

  const workload = {
    key: { namespace, name },
    reference: { kind: 'InferenceService' as const, name, env: 'RETUNE_MODEL' },
  };
  return {
    ...{ cluster, workload, type: inferenceServices, target: openTarget(cluster)(workload) },
    async report(what: Report) {
      const first = await revision(1, oldUri, true);
      if (what === 'Serving') {
        return status({ latestCreatedRevision: first, latestReadyRevision: first, latestRolledoutRevision: first });
      }
      const second = await revision(2, newUri, what !== 'CanaryFailed');
      const created = { latestCreatedRevision: second, latestRolledoutRevision: first };
      if (what === 'CanaryReady') return status({ ...created, latestReadyRevision: second });
      if (what === 'CanaryFailed') return status({ ...created, latestReadyRevision: first }, true);
      if (what === 'Promoted')
        return status({ ...created, latestReadyRevision: second, latestRolledoutRevision: second });
      // The old model is the newest revision only once it was asked for.
      const live = await cluster.get(inferenceServices, { namespace, name });
      if (live?.spec.predictor.model?.storageUri === newUri) {
        return status({ ...created, latestReadyRevision: second });
      }
      const third = await revision(3, oldUri, true);
      const rolledOut = live?.spec.predictor.canaryTrafficPercent === undefined ? third : first;
      await status({ latestCreatedRevision: third, latestReadyRevision: third, latestRolledoutRevision: rolledOut });
    },
    beside: async () => [],
  };
}
