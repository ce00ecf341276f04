import type { Provider } from '../../api/task.ts';
import { distance } from '../../core/quality/agreement.ts';
import type { Scores } from '../../core/quality/scores.ts';
import type { Session, Tensor } from '../../engines/engine.ts';
import { type ArtifactStore, StoreError } from '../../stores/store.ts';
import type { Dataset } from '../dataset.ts';
import { readNpz, writeNpz } from '../npz.ts';
import { numbersOf } from '../numbers.ts';
import { firstRows } from './batches.ts';

/** Rows whose outputs are recorded, to be compared on each accelerator. */
const mostRows = 32;
const mostBytes = 2 ** 20;
const mostRunBytes = 16 * 2 ** 20;

/** Outputs row after row, `width` numbers each. */
export interface RowsOfNumbers {
  rows: number;
  width: number;
  values: Float32Array;
}

/** One output of the first rows, run together as a request of so many: a batch is part of what INT8 ranges are made of. */
export async function outputsOfFirst(
  session: Session,
  data: Dataset,
  output: string,
  count: number,
): Promise<RowsOfNumbers> {
  const rows = Math.min(count, data.rows);
  const parts = (await firstRows(session, data, rows)).flatMap(({ outputs }) => outputs[output] ?? []);
  const values = new Float32Array(parts.reduce((length, part) => length + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(numbersOf(part), at);
    at += part.data.length;
  }
  return { rows, width: values.length / rows, values };
}

/** The outputs to record: of 32 rows, or of as many as make no more than a few megabytes. */
export async function outputsToRecord(session: Session, data: Dataset, output: string): Promise<RowsOfNumbers> {
  const one = await outputsOfFirst(session, data, output, 1);
  const rows = Math.min(mostRows, Math.floor(mostRunBytes / 4 / one.width));
  return rows > 1 ? outputsOfFirst(session, data, output, rows) : one;
}

/** The first numbers of each row, so many that all rows together stay below a megabyte. */
function bounded({ rows, width, values }: RowsOfNumbers): RowsOfNumbers {
  const kept = Math.max(1, Math.min(width, Math.floor(mostBytes / 4 / rows)));
  if (kept === width) return { rows, width, values };
  const cut = new Float32Array(rows * kept);
  for (let row = 0; row < rows; row++) cut.set(values.subarray(row * width, row * width + kept), row * kept);
  return { rows, width: kept, values: cut };
}

/** What is stored beside a variant: outputs of its first rows, and the scores of all rows for pairing. */
export function recordOf(outputs: RowsOfNumbers, scores: Scores | undefined): Uint8Array {
  const { rows, width, values } = bounded(outputs);
  const column = (data: Float32Array): Tensor => ({ type: 'FP32', shape: [data.length], data });
  return writeNpz({
    outputs: { type: 'FP32', shape: [rows, width], data: values },
    ...(scores && { first: column(scores.first), second: column(scores.second) }),
  });
}

/** The scores in a record; undefined when the store has lost it: then nothing is paired. */
export async function recordedScores(store: ArtifactStore, digest: string): Promise<Scores | undefined> {
  try {
    const { first, second } = readNpz(await store.get(digest));
    return first && second && { first: first.data as Float32Array, second: second.data as Float32Array };
  } catch (error) {
    if (error instanceof StoreError && error.reason === 'NotFound') return undefined;
    throw error;
  }
}

/** Whether a model computes here what was recorded, [rows, numbers]; of long rows only the beginning is recorded. */
export function sameOutputs(
  { rows, width, values }: RowsOfNumbers,
  recorded: Tensor,
  provider: Provider = 'CPU',
): boolean {
  const [recordedRows = 0, ...rest] = recorded.shape;
  const recordedWidth = rest.reduce((product, size) => product * size, 1);
  if (rows !== recordedRows || width < recordedWidth) return false;
  const here = Float64Array.from(
    { length: recordedRows * recordedWidth },
    (_, i) => values[Math.floor(i / recordedWidth) * width + (i % recordedWidth)] ?? Number.NaN,
  );
  return (
    distance(here, Float64Array.from(recorded.data as Iterable<number | bigint>, Number), provider).differing === 0
  );
}
