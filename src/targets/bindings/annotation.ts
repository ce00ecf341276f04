import type { Binding } from './binding.ts';
import { pointer } from './template.ts';

/** An annotation of the pod template, for servers that read it by the downward API. Maps have keys: one is owned. */
export function annotation(name: string): Binding {
  return {
    where: () => `annotation ${name} of the pod template`,
    field: 'spec.workloadRef.binding.annotation',
    read: ({ metadata }) => metadata?.annotations?.[name],
    write: (template, _container, uri) => ({
      ...template,
      metadata: { ...template.metadata, annotations: { ...template.metadata?.annotations, [name]: uri } },
    }),
    fragment: (_container, uri) => ({ metadata: { annotations: { [name]: uri } } }),
    owned: () => ['f:metadata', 'f:annotations', `f:${name}`],
    operations(template, _container, uri) {
      const path = `/metadata/annotations/${pointer(name)}`;
      return [
        { op: 'test', path, value: template.metadata?.annotations?.[name] },
        { op: 'replace', path, value: uri },
      ];
    },
  };
}
