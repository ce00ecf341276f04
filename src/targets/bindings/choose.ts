import type { PodTemplate } from '../../runtime/cluster/core-types.ts';
import { type ModelBinding, TargetError } from '../target.ts';
import { annotation } from './annotation.ts';
import { argument } from './argument.ts';
import type { Binding } from './binding.ts';
import { environment } from './environment.ts';
import { volumeImage } from './volume-image.ts';

/** The binding that a workload reference names: its environment variable unless it names another place. */
export function bindingOf({ env, binding = {} }: ModelBinding): Binding {
  if (binding.argument !== undefined) return argument(binding.argument);
  if (binding.annotation !== undefined) return annotation(binding.annotation);
  if (binding.volumeImage !== undefined) return volumeImage(binding.volumeImage);
  return environment(binding.env ?? env, binding.env === undefined ? 'env' : 'binding.env');
}

/** The serving container: the one named, else the first. Throws TargetError when there is none of that name. */
export function servingContainer(workload: string, { spec }: PodTemplate, { container }: ModelBinding): string {
  const names = spec.containers.map(({ name }) => name);
  const found = container ? names.find((name) => name === container) : names[0];
  if (found) return found;
  throw new TargetError(
    'ContainerNotFound',
    `${workload} has no container "${container}": set spec.workloadRef.container to one of ${names.join(', ')}`,
  );
}

/** The URI of the model that `template` serves. Throws TargetError with what to do when there is none. */
export function boundModel(workload: string, template: PodTemplate, reference: ModelBinding): string {
  const container = servingContainer(workload, template, reference);
  const binding = bindingOf(reference);
  const uri = binding.read(template, container);
  if (uri !== undefined) return uri;
  throw new TargetError(
    'ModelNotBound',
    `${workload} has no value in the ${binding.where(container)}: give it the URI of the model it serves, or name another place in ${binding.field}`,
  );
}
