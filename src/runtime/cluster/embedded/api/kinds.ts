import type { ApiObject, ResourceType } from '../../cluster.ts';
import {
  configMaps,
  type Deployment,
  deployments,
  leases,
  nodes,
  type Pod,
  pods,
  type Service,
  services,
} from '../../core-types.ts';
import { ApiError } from '../../errors.ts';
import { fillDeployment, fillPod, fillService } from './defaults.ts';
import type { ListKeys } from './field-paths.ts';

/** A kind as the embedded API server knows it: what a CustomResourceDefinition says to a real one. */
export interface EmbeddedKind {
  type: ResourceType;
  /** Throws ApiError Invalid. Called with the whole object before every write; `old` is what it replaces. */
  validate?(object: ApiObject, old?: ApiObject): void;
  /** The object with its defaults, and without fields that the schema doesn't know. */
  default?(object: ApiObject): ApiObject;
  /** Lists that merge by key, and maps that don't; as x-kubernetes-list-type and -map-type say. */
  listKeys?: ListKeys;
  /** Off for kinds without a status subresource. */
  hasStatus?: boolean;
  /** The status of a new object. */
  initialStatus?: Record<string, unknown>;
  /** Off for the built-in kinds that don't count generations. */
  hasGeneration?: boolean;
  /** Whether a deleted object is only marked, and left for a node to remove when its processes have ended. */
  endsGracefully?(object: ApiObject): boolean;
}

/** A v1 Event. */
export interface EventObject extends ApiObject {
  involvedObject: { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string };
  type: string;
  reason: string;
  message: string;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string };
}

export const events: ResourceType<EventObject> = {
  apiVersion: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** Merging rules that hold for every kind. */
const metadataLists: ListKeys = { '.metadata.finalizers': [], '.metadata.ownerReferences': ['uid'] };

const podLists = (at: string): ListKeys => ({
  [`${at}.containers`]: ['name'],
  [`${at}.containers.env`]: ['name'],
  [`${at}.containers.ports`]: ['containerPort'],
  [`${at}.containers.volumeMounts`]: ['mountPath'],
  [`${at}.volumes`]: ['name'],
  [`${at}.nodeSelector`]: 'atomic',
});

export const listKeysOf = (kind: EmbeddedKind): ListKeys => ({ ...metadataLists, ...kind.listKeys });

const invalid = ({ kind, metadata }: ApiObject, problem: string) =>
  new ApiError('Invalid', `${kind} ${JSON.stringify(metadata.name)} is invalid: ${problem}`);

/** What of a pod's spec may change after it was created. */
const fixed = ({ spec }: Pod) =>
  JSON.stringify({
    ...spec,
    containers: spec.containers.map((container) => ({ ...container, image: undefined })),
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
  });

function validatePod(object: ApiObject, old?: ApiObject): void {
  const pod = object as Pod;
  if (!pod.spec?.containers?.length) throw invalid(pod, 'spec.containers: Required value');
  const names = pod.spec.containers.map(({ name }) => name);
  if (new Set(names).size < names.length) throw invalid(pod, 'spec.containers: Duplicate value');
  if (old && fixed(old as Pod) !== fixed(pod)) {
    throw invalid(
      pod,
      'spec: Forbidden: pod updates may not change fields other than image, activeDeadlineSeconds and tolerations; delete the pod and create another',
    );
  }
}

function validateDeployment(object: ApiObject, old?: ApiObject): void {
  const deployment = object as Deployment;
  const { selector, template } = deployment.spec ?? {};
  if (!selector?.matchLabels) throw invalid(deployment, 'spec.selector: Required value');
  if (!template?.spec?.containers?.length) {
    throw invalid(deployment, 'spec.template.spec.containers: Required value');
  }
  const labels = template.metadata?.labels ?? {};
  if (Object.entries(selector.matchLabels).some(([name, value]) => labels[name] !== value)) {
    throw invalid(deployment, 'spec.template.metadata.labels: `selector` does not match template `labels`');
  }
  const before = (old as Deployment | undefined)?.spec.selector.matchLabels;
  const same = (a: Record<string, string>, b: Record<string, string>) =>
    JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
  if (before && !same(before, selector.matchLabels)) throw invalid(deployment, 'spec.selector: field is immutable');
}

function podEndsGracefully(object: ApiObject): boolean {
  const { spec, status } = object as Pod;
  return spec.nodeName !== undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** The kinds of Kubernetes' own that are always there. */
export const builtinKinds: readonly EmbeddedKind[] = [
  {
    type: pods,
    default: (object) => fillPod(object as Pod),
    validate: validatePod,
    listKeys: podLists('.spec'),
    initialStatus: { phase: 'Pending' },
    endsGracefully: podEndsGracefully,
  },
  {
    type: deployments,
    default: (object) => fillDeployment(object as Deployment),
    validate: validateDeployment,
    listKeys: { ...podLists('.spec.template.spec'), '.spec.selector': 'atomic' },
  },
  {
    type: services,
    default: (object) => fillService(object as Service),
    listKeys: { '.spec.ports': ['port'], '.spec.selector': 'atomic' },
    hasGeneration: false,
  },
  // A kubelet registers its node together with its status.
  { type: nodes, hasGeneration: false },
  { type: configMaps, hasStatus: false, hasGeneration: false },
  { type: leases, hasStatus: false, hasGeneration: false },
  { type: events, hasStatus: false, hasGeneration: false },
];
