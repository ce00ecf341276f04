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

/** The number that each architecture has in a column. */
export function column({ path, columns, rows }: Table, name: string): Map<string, number> {
  const [at, ops] = [columns.indexOf(name), columns.indexOf('ops')];
  const offered = columns.filter((other) => other !== 'ops' && other !== 'arch');
  if (!offered.includes(name)) throw new Error(`${path} has no column "${name}": choose from ${offered.join(', ')}`);
  const all = rows.map((row) => [row[ops] ?? '', Number(row[at] || Number.NaN)] as const);
  return new Map(all.filter(([, value]) => Number.isFinite(value)));
}

/** Architectures with both objectives, which are to be made small. */
export interface Contest {
  ops: readonly string[];
  points: readonly (readonly [latency: number, error: number])[];
  /** The 99th percentile of each over the table. */
  reference: readonly [number, number];
}

const percentile99 = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(0.99 * values.length) - 1)] ?? 0;

/** The architectures that both tables have; accuracies are percentages. */
export function contest(latencies: ReadonlyMap<string, number>, accuracies: ReadonlyMap<string, number>): Contest {
  const ops = [...latencies.keys()].filter((one) => accuracies.has(one));
  if (ops.length === 0) throw new Error('the two tables have no architecture in common');
  const points = ops.map((one) => [latencies.get(one) ?? 0, 100 - (accuracies.get(one) ?? 0)] as const);
  return {
    ops,
    points,
    reference: [percentile99(points.map(([x]) => x)), percentile99(points.map(([, y]) => y))],
  };
}
