import type { AcceleratorStatus, NASSearch } from '../../api/nas-search.ts';
import { showValue } from '../../core/quality/metric.ts';
import { bytes, interval, ms, short } from '../show/figures.ts';
import type { Shown } from '../show/shown.ts';
import type { Style } from '../show/style.ts';
import { table } from '../show/table.ts';
import { wrapped } from '../show/text.ts';
import type { Connection } from './connection.ts';
import { UsageError } from './failures.ts';
import { find } from './find.ts';

/** The accelerators of a search, or the one that is named. Throws UsageError with those that there are. */
export function acceleratorsOf({ metadata, status }: NASSearch, wanted?: string): AcceleratorStatus[] {
  const all = status?.accelerators ?? [];
  const found = wanted === undefined ? all : all.filter(({ name }) => name === wanted);
  if (wanted === undefined || found.length > 0) return found;
  const names = all.map(({ name }) => name).join(', ') || 'none yet';
  throw new UsageError(`NASSearch "${metadata.name}" is not on an accelerator "${wanted}"; it is on ${names}`);
}

/** The front of one accelerator as a table, fastest first; the recommended variant is marked. */
export function frontLines(accelerator: AcceleratorStatus, style: Style): string[] {
  const { name, front, recommended, metric = 'Top1', message, trials, skipped = 0, narrowed = [] } = accelerator;
  const counts = `${trials} measured, ${front.length} on the front${skipped > 0 ? `, ${skipped} not worth measuring` : ''}`;
  const [phases, figures] = [front[0]?.phases ?? [], front[0]?.figures ?? []];
  const columns = [
    { name: '' },
    { name: 'variant' },
    ...['p50 ms', 'p99 ms (95%)', ...phases.map((phase) => `${phase.name} p99`), metric, 'size'].map((column) => ({
      name: column,
      right: true,
    })),
    ...figures.map((figure) => ({ name: figure.name, right: true })),
    { name: 'candidate' },
  ];
  const rows = front.map((point) => [
    point.variant === recommended ? '➤' : '',
    point.variant,
    ms(point.p50Ms),
    interval(point.p99Ms, point.p99LowMs, point.p99HighMs),
    ...(point.phases ?? []).map(({ p99Ms }) => ms(p99Ms)),
    showValue(metric, point.quality),
    bytes(point.sizeBytes),
    ...(point.figures ?? []).map(({ value }) => short(value)),
    point.label,
  ]);
  return [
    `${style.tint('bold', name)}  ${counts}`,
    ...(front.length > 0 ? table(columns, rows, style) : []),
    ...(message ? wrapped(message, style.width) : []),
    ...narrowed.flatMap(({ choice, reason }) => wrapped(`without ${choice}: ${reason}`, style.width)),
  ];
}

/** The Pareto fronts of a search: exit code 2 while there is none. */
export async function front(connection: Connection, name: string, wanted?: string): Promise<Shown> {
  const { object } = await find(connection, name, ['NASSearch']);
  const accelerators = acceleratorsOf(object, wanted);
  const measured = accelerators.filter((one) => one.front.length > 0);
  return {
    data: { search: object.metadata.name, accelerators },
    code: measured.length > 0 ? 0 : 2,
    lines: (style) =>
      accelerators.length === 0
        ? [
            `NASSearch "${object.metadata.name}" is on no accelerator yet: retune explain nas/${object.metadata.name} says why`,
          ]
        : accelerators.flatMap((one, i) => [...(i > 0 ? [''] : []), ...frontLines(one, style)]),
  };
}
