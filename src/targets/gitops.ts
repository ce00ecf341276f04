import type { ApiObject, ManagedFields } from '../runtime/cluster/cluster.ts';
import type { Unfit } from './target.ts';

type Metadata = ApiObject['metadata'];

/** A tool that puts a workload back to what is in git, how its objects are known, and how it is told to leave a field. */
interface Tool {
  name: string;
  managers: readonly string[];
  marks(metadata: Metadata): boolean;
  /** The object is marked as one that the tool leaves alone by itself. */
  leaves?(metadata: Metadata): boolean;
  remedy: string;
}

const tools: readonly Tool[] = [
  {
    name: 'Argo CD',
    managers: ['argocd-controller', 'argocd-application-controller'],
    marks: ({ annotations, labels }) =>
      annotations?.['argocd.argoproj.io/tracking-id'] !== undefined ||
      labels?.['argocd.argoproj.io/instance'] !== undefined,
    remedy:
      'name the field in ignoreDifferences of its Application, with the sync options RespectIgnoreDifferences=true and ServerSideApply=true',
  },
  {
    name: 'Flux',
    managers: ['kustomize-controller'],
    marks: ({ labels }) => labels?.['kustomize.toolkit.fluxcd.io/name'] !== undefined,
    leaves: ({ annotations }) =>
      annotations?.['kustomize.toolkit.fluxcd.io/reconcile'] === 'disabled' ||
      ['Ignore', 'IfNotPresent'].includes(annotations?.['kustomize.toolkit.fluxcd.io/ssa'] ?? ''),
    remedy: 'leave the field out of what its Kustomization applies',
  },
  {
    name: 'Flux',
    managers: ['helm-controller'],
    marks: ({ labels }) => labels?.['helm.toolkit.fluxcd.io/name'] !== undefined,
    leaves: ({ annotations }) => annotations?.['helm.toolkit.fluxcd.io/driftDetection'] === 'disabled',
    remedy: 'name the field in spec.driftDetection.ignore of its HelmRelease',
  },
];

/** Whether these fields hold the one at `path`; a list or map that is owned as a whole holds all that is in it. */
function holds(fields: unknown, [first, ...rest]: string[]): boolean {
  if (first === undefined) return true;
  if (typeof fields !== 'object' || fields === null) return false;
  if (Object.keys(fields).length === 0) return true;
  return first in fields && holds((fields as Record<string, unknown>)[first], rest);
}

const owns = ({ fieldsV1, subresource }: ManagedFields, path: string[]) =>
  !subresource && fieldsV1 !== undefined && Object.keys(fieldsV1).length > 0 && holds(fieldsV1, path);

/**
 * Why Retune must not set the field at `path` (of `fieldsV1`) of this object: a GitOps tool sets it from git, and two
 * controllers would undo each other's work for ever. A tool that is known to own other fields and not this one is no
 * obstacle; one that is only known by its mark is taken to own them all.
 */
export function gitOpsUnfit({ kind, metadata }: ApiObject, path: string[], field: string): Unfit | undefined {
  const { managedFields = [] } = metadata;
  for (const { name, managers, marks, leaves, remedy } of tools) {
    const entries = managedFields.filter(({ manager }) => manager !== undefined && managers.includes(manager));
    if ((!marks(metadata) && entries.length === 0) || leaves?.(metadata)) continue;
    if (entries.length > 0 && !entries.some((entry) => owns(entry, path))) continue;
    return {
      reason: 'OwnedByGitOps',
      message: `${name} sets the ${field} of ${kind} ${metadata.name} from git and would set it back: set spec.mode to Recommend, or ${remedy} and set spec.rollout.fieldIgnoredByGitOps`,
    };
  }
  return undefined;
}
