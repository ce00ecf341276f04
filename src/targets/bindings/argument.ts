import { TargetError } from '../target.ts';
import type { Binding } from './binding.ts';
import { containerIndex, containerNamed, withContainer } from './template.ts';

/**
 * A container argument that starts with `prefix`, such as `--model=`, and ends with the URI. `args` is one value to
 * server-side apply, order and all: who applies one argument owns every argument, and would take back each later
 * edit of the others. So there is no fragment: the workload is read, one argument of it replaced, and written back on
 * the condition that nobody wrote in between.
 */
export function argument(prefix: string): Binding {
  const field = 'spec.workloadRef.binding.argument';
  const indexIn = (args: string[] | undefined = [], container: string): number => {
    const found = args.flatMap((arg, i) => (arg.startsWith(prefix) ? [i] : []));
    if (found.length < 2) return found[0] ?? -1;
    throw new TargetError(
      'ModelAmbiguous',
      `container ${container} has ${found.length} arguments that start with "${prefix}": leave one, or name a longer prefix in ${field}`,
    );
  };
  return {
    where: (container) => `argument "${prefix}" of container ${container}`,
    field,
    read(template, container) {
      const args = containerNamed(template, container)?.args;
      return args?.[indexIn(args, container)]?.slice(prefix.length);
    },
    write: (template, container, uri) =>
      withContainer(template, container, (present) => {
        const { args = [] } = present;
        const at = indexIn(args, container);
        return { ...present, args: at < 0 ? [...args, prefix + uri] : args.with(at, prefix + uri) };
      }),
    owned: (container) => ['f:spec', 'f:containers', `k:{"name":"${container}"}`, 'f:args'],
    operations(template, container, uri) {
      const args = containerNamed(template, container)?.args;
      const at = indexIn(args, container);
      const path = `/spec/containers/${containerIndex(template, container)}/args/${at}`;
      return [
        { op: 'test', path, value: args?.[at] },
        { op: 'replace', path, value: prefix + uri },
      ];
    },
  };
}
