import type { Binding } from './binding.ts';
import { containerIndex, containerNamed, withContainer } from './template.ts';

/** An environment variable with the URI as its value. Containers and their variables are lists with keys: one is owned. */
export function environment(variable: string, field = 'env'): Binding {
  return {
    where: (container) => `environment variable ${variable} of container ${container}`,
    field: `spec.workloadRef.${field}`,
    read: (template, container) =>
      containerNamed(template, container)?.env?.find(({ name }) => name === variable)?.value,
    write: (template, container, uri) =>
      withContainer(template, container, (present) => ({
        ...present,
        env: [...(present.env ?? []).filter(({ name }) => name !== variable), { name: variable, value: uri }],
      })),
    fragment: (container, uri) => ({
      spec: { containers: [{ name: container, env: [{ name: variable, value: uri }] }] },
    }),
    owned: (container) => [
      ...['f:spec', 'f:containers', `k:{"name":"${container}"}`, 'f:env'],
      ...[`k:{"name":"${variable}"}`, 'f:value'],
    ],
    operations(template, container, uri) {
      const at = containerIndex(template, container);
      const env = template.spec.containers[at]?.env ?? [];
      const path = `/spec/containers/${at}/env/${env.findIndex(({ name }) => name === variable)}`;
      return [
        { op: 'test', path: `${path}/name`, value: variable },
        { op: 'replace', path: `${path}/value`, value: uri },
      ];
    },
  };
}
