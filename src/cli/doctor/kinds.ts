import type { ApiObject, ResourceType } from '../../runtime/cluster/cluster.ts';
import type { StatusCondition } from '../../runtime/conditions.ts';

/** The parts of Kubernetes' own kinds that the doctor alone looks at. */

export interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
}

export interface CustomResourceDefinition extends ApiObject {
  spec: { versions: { name: string; served: boolean; schema?: { openAPIV3Schema?: Schema } }[] };
  status?: { conditions?: StatusCondition[] };
}

export interface ApiService extends ApiObject {
  status?: { conditions?: StatusCondition[] };
}

export interface PersistentVolumeClaim extends ApiObject {
  status?: { phase?: string };
}

export interface Attributes {
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  namespace?: string;
}

/** Of oneself, or of the `user` that is named. */
export interface AccessReview extends ApiObject {
  spec: { resourceAttributes: Attributes; user?: string; groups?: string[] };
  status?: { allowed: boolean; reason?: string };
}

const type = (apiVersion: string, kind: string, plural: string, namespaced = false) => ({
  ...{ apiVersion, kind, plural, namespaced },
});
const authorization = 'authorization.k8s.io/v1';

export const definitions: ResourceType<CustomResourceDefinition> = type(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
);
export const apiServices: ResourceType<ApiService> = type('apiregistration.k8s.io/v1', 'APIService', 'apiservices');
export const namespaces: ResourceType = type('v1', 'Namespace', 'namespaces');
export const claims: ResourceType<PersistentVolumeClaim> = type(
  'v1',
  'PersistentVolumeClaim',
  'persistentvolumeclaims',
  true,
);
export const selfReviews: ResourceType<AccessReview> = type(
  authorization,
  'SelfSubjectAccessReview',
  'selfsubjectaccessreviews',
);
export const reviews: ResourceType<AccessReview> = type(authorization, 'SubjectAccessReview', 'subjectaccessreviews');
