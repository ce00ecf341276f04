import { z } from 'zod';

/** The API group and version of every kind. */
export const apiVersion = 'retune.dev/v1alpha1';
export const group = 'retune.dev';
export const version = 'v1alpha1';

/** A validation rule in CEL, run by the API server: `x-kubernetes-validations`. */
export interface CelRule {
  rule: string;
  message: string;
}

/** Schema metadata that carries CEL rules into the generated CRD. */
export const cel = (...rules: CelRule[]) => ({ 'x-kubernetes-validations': rules });

export const durationPattern = /^([0-9]+(\.[0-9]+)?)(us|ms|s|m|h)$/;
export const percentagePattern = /^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,3})?)%$/;
export const quantityPattern = /^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;
export const digestPattern = /^sha256:[0-9a-f]{64}$/;
const uriPattern = /^(file|https?|s3|oci):\/\/.+/;
const namePattern = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** A duration as people write it: one number and one unit, `250us`, `5ms`, `1.5s`, `2m`, `1h`. */
export const Duration = z.string().max(16).regex(durationPattern, 'write a duration such as 5ms, 1.5s or 2m');
/** A share of one hundred, `97.5%`. */
export const Percentage = z.string().max(8).regex(percentagePattern, 'write a percentage such as 97.5%');
/** A Kubernetes resource quantity. */
export const Quantity = z.string().max(16).regex(quantityPattern, 'write a quantity such as 1, 500m or 512Mi');
export const Digest = z.string().max(71).regex(digestPattern, 'write a digest as sha256: and 64 hexadecimal digits');
export const Uri = z.string().max(1024).regex(uriPattern, 'write a URI such as file:///models/model.onnx');
export const Name = z
  .string()
  .min(1)
  .max(253)
  .regex(namePattern, 'write a name of lower-case letters, digits, - and .');
/** A moment in RFC 3339. */
export const Time = z.string().max(32).meta({ format: 'date-time' });

/** A named file: where it lies and, when given, the digest its content must have. */
export const FileRef = z.object({
  uri: Uri.describe('Where the file lies, as worker pods see it.'),
  digest: Digest.optional().describe('What the file must hash to; a file that differs is refused.'),
});
export type FileRef = z.infer<typeof FileRef>;

/** A condition as the Kubernetes API conventions define it; `reason` is required. */
export const Condition = z.object({
  type: z.string().min(1).max(64),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: z.int().optional(),
  lastTransitionTime: Time,
  reason: z.string().min(1).max(64),
  message: z.string().max(1024),
});
export type Condition = z.infer<typeof Condition>;

export const Conditions = z
  .array(Condition)
  .max(16)
  .optional()
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** The part of Kubernetes' ObjectMeta that Retune reads and writes. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** Any object of the Kubernetes API. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** An object of one of Retune's own kinds. */
export interface Resource<Spec, Status> extends KubernetesObject {
  spec: Spec;
  status?: Status;
}

/** Label keys that tie child objects to their parents. */
export const labels = {
  search: 'retune.dev/search',
  variant: 'retune.dev/variant',
  trial: 'retune.dev/trial',
  /** On every worker pod: no node runs two of them. */
  benchmark: 'retune.dev/benchmark',
  accelerator: 'retune.dev/accelerator',
  sla: 'retune.dev/sla',
  track: 'retune.dev/track',
  /** On the pods of canary and baseline: the workload that they stand beside. */
  workload: 'retune.dev/workload',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;
