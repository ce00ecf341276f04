import { figuresOf, readTable } from '../tables/table.ts';

/** Latencies measured of architectures on devices. */
export interface LatencyTable {
  /** A string of digits an architecture, all of one length. */
  ops: string[];
  devices: string[];
  /** Of each device, milliseconds of each architecture; NaN where there is none. */
  ms: Float64Array[];
}

/** Reads a table with a column of milliseconds a device, whose architectures are digits. */
export async function latencyTable(path: string): Promise<LatencyTable> {
  const table = await readTable(path);
  const { columns, rows } = table;
  const ops = rows.map((row) => row[columns.indexOf('ops')] ?? '');
  const odd = ops.find((each) => !/^\d+$/.test(each) || each.length !== ops[0]?.length);
  if (odd !== undefined) throw new Error(`${path}: "${odd}" in column ops is not ${ops[0]?.length} digits`);
  const devices = figuresOf(table);
  const ms = devices.map((device) => {
    const column = columns.indexOf(device);
    return Float64Array.from(rows, (row) => (Number(row[column]) > 0 ? Number(row[column]) : Number.NaN));
  });
  return { ops, devices, ms };
}

/** The family of a device by its name: the first word, less a number at its end (titan_rtx_32: titan, pixel3: pixel). */
export function familyOf(device: string): string {
  const [first = device] = device.split('_');
  return first.replace(/\d+$/, '') || first;
}
