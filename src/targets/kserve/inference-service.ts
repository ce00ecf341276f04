import type { ApiObject, ResourceType } from '../../runtime/cluster/cluster.ts';

/** The parts of KServe's InferenceService (serving.kserve.io/v1beta1) that are read or written here. */
export interface InferenceService extends ApiObject {
  spec: {
    predictor: {
      model?: { storageUri?: string } & Record<string, unknown>;
      canaryTrafficPercent?: number;
      minReplicas?: number;
    } & Record<string, unknown>;
  };
  status?: {
    deploymentMode?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    components?: { predictor?: PredictorStatus };
    modelStatus?: { transitionStatus?: string; lastFailureInfo?: { reason?: string; message?: string } };
  };
}

/** Knative revisions of the predictor; `latestRolledoutRevision` is the last that had all requests. */
export interface PredictorStatus {
  latestCreatedRevision?: string;
  latestReadyRevision?: string;
  latestRolledoutRevision?: string;
  previousRolledoutRevision?: string;
}

/** A Knative Revision (serving.knative.dev/v1): only its annotations are read. */
export type Revision = ApiObject;

export const inferenceServices: ResourceType<InferenceService> = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  plural: 'inferenceservices',
  namespaced: true,
};
export const revisions: ResourceType<Revision> = {
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Revision',
  plural: 'revisions',
  namespaced: true,
};

/** Labels that KServe and Knative put on the pods of a predictor. */
export const podLabels = { service: 'serving.kserve.io/inferenceservice', revision: 'serving.knative.dev/revision' };
export const deploymentModeAnnotation = 'serving.kserve.io/deploymentMode';
/** What model a revision was made for, as KServe notes it on every revision. */
export const sourceAnnotation = 'internal.serving.kserve.io/storage-initializer-sourceuri';
