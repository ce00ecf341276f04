import type { DeepPartial } from '../../runtime/cluster/cluster.ts';
import type { PodTemplate } from '../../runtime/cluster/core-types.ts';

/** One operation of a JSON Patch (RFC 6902); paths start at the pod template. */
export type JsonOperation = { op: 'test' | 'replace'; path: string; value: unknown };

/**
 * One place of a pod template where the URI of a model stands. `container` is the name of the serving container, which
 * must be there. Every function is pure; a template is never changed, `write` returns another.
 */
export interface Binding {
  /** The place in words, for sentences: `environment variable RETUNE_MODEL of container server`. */
  where(container: string): string;
  /** The field that says where it is, for the advice: `spec.workloadRef.env`. */
  field: string;
  /** The URI that stands there; undefined when nothing does. Throws TargetError when it is there twice. */
  read(template: PodTemplate, container: string): string | undefined;
  /** The whole template with `uri` in that place. Throws TargetError for a URI that can't stand there. */
  write(template: PodTemplate, container: string, uri: string): PodTemplate;
  /**
   * The least template that names the model and nothing else: what server-side apply is to own. Absent where the place
   * is in a list that is atomic to server-side apply: applying it would own, and overwrite, the whole list.
   */
  fragment?(container: string, uri: string): DeepPartial<PodTemplate>;
  /** Where `managedFields` (its tree `fieldsV1`) tells who owns it, from the pod template on. */
  owned(container: string): string[];
  /** The same change for pipelines as JSON Patch, which tests what it relies on before it replaces. */
  operations(template: PodTemplate, container: string, uri: string): JsonOperation[];
}
