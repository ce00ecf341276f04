import { plain, type Style } from './style.ts';
import { columnsOf, cut, padded } from './text.ts';

export interface Column {
  name: string;
  /** Figures stand right. */
  right?: boolean;
}

const gap = '  ';

/**
 * Rows under their headings, each column as wide as its widest cell. Where a terminal is narrower, the last column that
 * is no figure gives way: its cells are cut, so they carry no colours.
 */
export function table(columns: readonly Column[], rows: readonly string[][], style: Style = plain()): string[] {
  const widths = columns.map(({ name }, i) => Math.max(columnsOf(name), ...rows.map((row) => columnsOf(row[i] ?? ''))));
  const total = widths.reduce((sum, width) => sum + width, gap.length * (columns.length - 1));
  const last = columns.findLastIndex(({ right }) => !right);
  const room = Math.max(8, (widths[last] ?? 0) - Math.max(0, total - style.width));
  if (last >= 0) widths[last] = Math.min(widths[last] as number, room);
  const line = (cells: readonly string[]) =>
    columns
      .map(({ right }, i) => {
        const [cell, width] = [cells[i] ?? '', widths[i] as number];
        return padded(columnsOf(cell) > width ? cut(cell, width) : cell, width, right);
      })
      .join(gap)
      .trimEnd();
  return [style.tint('dim', line(columns.map(({ name }) => name))), ...rows.map(line)];
}
