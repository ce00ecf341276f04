import type { Session, Tensor } from '../../engines/engine.ts';
import { batch, type Dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';

/** The outputs of rows `from` to `to` (exclusive); each has these rows on its first axis. */
export interface Batch {
  from: number;
  to: number;
  outputs: Record<string, Tensor>;
}

const mostRows = 100;
/** Bytes of inputs and outputs in one run: what lies between them takes many times as much. */
const mostBytes = 8 * 2 ** 20;

const sizeOf = (tensors: Record<string, Tensor>) =>
  Object.values(tensors).reduce((bytes, { data }) => bytes + data.byteLength, 0);

/** The batch that the models are made for; undefined where all take any. Throws WorkerError when they differ. */
export function fixedBatch(sessions: readonly Session[]): number | undefined {
  const sizes = new Set(sessions.flatMap(({ inputs }) => inputs.map(({ shape }) => shape[0] ?? -1)));
  const [size, other] = [...sizes].filter((each) => each > 0);
  if (other === undefined) return size;
  throw new WorkerError(
    'ModelInvalid',
    `inputs with fixed batches of ${size} and of ${other} rows can't be run together`,
  );
}

/** Fills a short last batch by repeating its first row, for models that take whole batches alone. */
function padded(feeds: Record<string, Tensor>, rows: number, size: number): Record<string, Tensor> {
  const fill = ({ type, shape, data }: Tensor): Tensor => {
    const width = data.length / rows;
    const Elements = data.constructor as { new (length: number): Tensor['data'] };
    const result = new Elements(size * width);
    result.set(data as never);
    for (let row = rows; row < size; row++) result.set(data.subarray(0, width) as never, row * width);
    return { type, shape: [size, ...shape.slice(1)], data: result };
  };
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, fill(tensor)]));
}

function cut({ type, shape, data }: Tensor, rows: number, size: number): Tensor {
  const [first = 0, ...rest] = shape;
  if (rows === size || first % size !== 0) return { type, shape, data };
  const kept = data.subarray(0, (data.length / size) * rows) as Tensor['data'];
  return { type, shape: [(first / size) * rows, ...rest], data: kept };
}

/** The outputs of `rows` rows from `from`, run as one batch of `size`. */
async function runOne(session: Session, data: Dataset, from: number, rows: number, size: number): Promise<Batch> {
  const feeds = batch(data, from, from + rows);
  const outputs = await session.run(rows < size ? padded(feeds, rows, size) : feeds);
  const whole = Object.entries(outputs).map(([name, tensor]) => [name, cut(tensor, rows, size)] as const);
  return { from, to: from + rows, outputs: Object.fromEntries(whole) };
}

/**
 * Runs all rows through one model or several, batch by batch, and holds one at a time. Models with a fixed first dimension
 * get batches of that; others get one row first, and then as many as fit into a few megabytes.
 */
export async function* batches(sessions: readonly Session[], data: Dataset): AsyncGenerator<Batch[]> {
  const fixed = fixedBatch(sessions);
  let size = fixed ?? 1;
  for (let from = 0; from < data.rows; ) {
    const taken = Math.min(size, data.rows - from);
    const results: Batch[] = [];
    for (const session of sessions) results.push(await runOne(session, data, from, taken, fixed ?? taken));
    yield results;
    if (from === 0 && !fixed) {
      const bytes = sizeOf(batch(data, 0, 1)) + Math.max(...results.map(({ outputs }) => sizeOf(outputs)));
      size = Math.max(1, Math.min(mostRows, Math.floor(mostBytes / bytes)));
    }
    from += taken;
  }
}

/** Outputs of the first `rows` rows together, as a request of so many gets them; in parts where the model wants it. */
export async function firstRows(session: Session, data: Dataset, rows: number): Promise<Batch[]> {
  const size = fixedBatch([session]) ?? rows;
  const results: Batch[] = [];
  for (let from = 0; from < rows; from += size) {
    results.push(await runOne(session, data, from, Math.min(size, rows - from), size));
  }
  return results;
}
