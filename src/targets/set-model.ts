import type { ApiObject, Applied, Cluster, ResourceType } from '../runtime/cluster/cluster.ts';
import type { PodTemplate } from '../runtime/cluster/core-types.ts';
import { bindingOf, servingContainer } from './bindings/choose.ts';
import type { ModelBinding, ModelPatch } from './target.ts';

/** Owner of the one field that Retune sets on a user's workload. */
export const modelFieldManager = 'retune-model';

/** A workload with a pod template, whatever its kind. */
export interface Templated extends ApiObject {
  spec: { template: PodTemplate };
}

const named = ({ kind, metadata }: ApiObject) => `${kind} ${metadata.name}`;

/** Which lists of a kind have keys to server-side apply: all of a pod's in Kubernetes' own kinds, none in most CRDs'. */
export type Lists = 'Keyed' | 'Atomic';

/**
 * Sets the model of `workload`, read just now. Where the server knows the lists on the way by their keys, one field is
 * applied and owned, and taken over from whoever owned it; else the workload is written back as it was read but for
 * that field, and Conflict is thrown when someone wrote in between.
 */
export async function setModel<T extends Templated>(
  cluster: Cluster,
  type: ResourceType<T>,
  workload: T,
  how: { binding: ModelBinding; modelUri: string; lists: Lists },
): Promise<void> {
  const { template } = workload.spec;
  const binding = bindingOf(how.binding);
  const container = servingContainer(named(workload), template, how.binding);
  if (binding.read(template, container) === how.modelUri) return;
  const fragment = how.lists === 'Keyed' ? binding.fragment?.(container, how.modelUri) : undefined;
  if (!fragment) {
    const changed = {
      ...workload,
      spec: { ...workload.spec, template: binding.write(template, container, how.modelUri) },
    };
    await cluster.replace(type, changed, { fieldManager: modelFieldManager });
    return;
  }
  const { name, namespace } = workload.metadata;
  const { apiVersion, kind } = type;
  const applied = { apiVersion, kind, metadata: { name, namespace }, spec: { template: fragment } };
  // Forced, because the model was the user's own field until now; `replicas` and all others stay theirs.
  await cluster.apply(type, applied as unknown as Applied<T>, { fieldManager: modelFieldManager, force: true });
}

/** The same change for people and pipelines. A list that is owned as a whole is changed by its index, and tested before. */
export function modelPatch(
  workload: Templated,
  { binding: reference, modelUri, lists }: { binding: ModelBinding; modelUri: string; lists: Lists },
): ModelPatch {
  const { template } = workload.spec;
  const { apiVersion, kind } = workload;
  const binding = bindingOf(reference);
  const container = servingContainer(named(workload), template, reference);
  const fragment = lists === 'Keyed' ? binding.fragment?.(container, modelUri) : undefined;
  if (fragment) return { apiVersion, kind, type: 'strategic', body: { spec: { template: fragment } } };
  const operations = binding
    .operations(template, container, modelUri)
    .map(({ op, path, value }) => ({ op, path: `/spec/template${path}`, value }));
  return { apiVersion, kind, type: 'json', body: operations };
}

/** Where `managedFields` tells who owns the model of a workload with a pod template. */
export const ownedPath = (workload: Templated, reference: ModelBinding): string[] => [
  ...['f:spec', 'f:template'],
  ...bindingOf(reference).owned(servingContainer(named(workload), workload.spec.template, reference)),
];
