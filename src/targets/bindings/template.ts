import type { Container, PodTemplate } from '../../runtime/cluster/core-types.ts';

export const containerNamed = ({ spec }: PodTemplate, name: string): Container | undefined =>
  spec.containers.find((container) => container.name === name);

/** The template with its container `name` changed. */
export const withContainer = (
  template: PodTemplate,
  name: string,
  change: (container: Container) => Container,
): PodTemplate => ({
  ...template,
  spec: {
    ...template.spec,
    containers: template.spec.containers.map((container) => (container.name === name ? change(container) : container)),
  },
});

export const containerIndex = ({ spec }: PodTemplate, name: string): number =>
  spec.containers.findIndex((container) => container.name === name);

/** A name as it is written in a JSON Pointer (RFC 6901). */
export const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** The image of the serving container: the one named, else the first. */
export const servingImage = (template: PodTemplate, { container }: { container?: string }): string | undefined =>
  (container ? containerNamed(template, container) : template.spec.containers[0])?.image;
