import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

/** A measured table: a line for each architecture, which its `ops` name: a digit or letter for each place. */
export interface Table {
  path: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Reads comma-separated values, compressed with gzip or not; the first line names the columns. */
export async function readTable(path: string): Promise<Table> {
  const bytes = await readFile(path).catch(() => {
    throw new Error(`there is no table ${path}`);
  });
  const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes).toString() : bytes.toString();
  const [head = '', ...lines] = text.split(/\r?\n/).filter(Boolean);
  const columns = head.split(',');
  if (!columns.includes('ops')) throw new Error(`${path} has no column "ops" that names the architectures`);
  return { path, columns, rows: lines.map((line) => line.split(',')) };
}

/** The columns of figures: all but those that say which architecture a row is. */
export const figuresOf = ({ columns }: Table): string[] => columns.filter((name) => name !== 'ops' && name !== 'arch');

/** The number that each architecture has in a column. */
export function column(table: Table, name: string): Map<string, number> {
  const { path, columns, rows } = table;
  const [at, ops] = [columns.indexOf(name), columns.indexOf('ops')];
  const offered = figuresOf(table);
  if (!offered.includes(name)) throw new Error(`${path} has no column "${name}": choose from ${offered.join(', ')}`);
  const all = rows.map((row) => [row[ops] ?? '', Number(row[at] || Number.NaN)] as const);
  return new Map(all.filter(([, value]) => Number.isFinite(value)));
}
