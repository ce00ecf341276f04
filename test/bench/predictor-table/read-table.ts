import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

/** Latencies measured of architectures on devices. */
export interface LatencyTable {
  /** A string of digits an architecture, all of one length. */
  ops: string[];
  devices: string[];
  /** Of each device, milliseconds of each architecture; NaN where there is none. */
  ms: Float64Array[];
}

/** Columns that say which architecture a row is. */
const keys = ['arch', 'ops'];

/** Reads a CSV file, gzipped or not, with a column `ops` and a column of milliseconds a device. */
export async function readTable(path: string): Promise<LatencyTable> {
  const bytes = await readFile(path);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  const [head = '', ...lines] = text.split(/\r?\n/).filter(Boolean);
  const names = head.split(',');
  const at = names.indexOf('ops');
  if (at < 0) throw new Error(`${path} has no column "ops" of operators as digits: there are ${names.join(', ')}`);
  const rows = lines.map((line) => line.split(','));
  const ops = rows.map((row) => row[at] ?? '');
  const odd = ops.find((each) => !/^\d+$/.test(each) || each.length !== ops[0]?.length);
  if (odd !== undefined) throw new Error(`${path}: "${odd}" in column ops is not ${ops[0]?.length} digits`);
  const devices = names.filter((name) => !keys.includes(name));
  const ms = devices.map((device) => {
    const column = names.indexOf(device);
    return Float64Array.from(rows, (row) => (Number(row[column]) > 0 ? Number(row[column]) : Number.NaN));
  });
  return { ops, devices, ms };
}

/** The family of a device by its name: the first word, less a number at its end (titan_rtx_32: titan, pixel3: pixel). */
export function familyOf(device: string): string {
  const [first = device] = device.split('_');
  return first.replace(/\d+$/, '') || first;
}
