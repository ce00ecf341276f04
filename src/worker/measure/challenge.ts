import type { Challenge } from '../../api/challenge.ts';
import { countOf, drawn } from '../../core/quality/challenge.ts';
import type { Session, Tensor, TensorInfo } from '../../engines/engine.ts';
import type { Dataset } from '../dataset.ts';
import { fixedBatch } from '../judge/batches.ts';
import { numbersOf } from '../numbers.ts';

/** Of all inputs, and of all outputs: some megabytes of JSON. */
const mostNumbers = 300_000;
/** Of the challenge as JSON: it is in a status, and comes there in a termination message of four kilobytes. */
const mostBytes = 1024;
/** Kept of each output, and how many outputs. */
const [mostKept, mostOutputs] = [16, 4];

function inputOf({ name }: TensorInfo, { inputs, rows }: Dataset, size: number): Challenge['inputs'][number] {
  const { type, shape } = inputs[name] as Tensor;
  const numbers = numbersOf(inputs[name] as Tensor);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of numbers) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const [first = rows, ...rest] = shape;
  const bounds = numbers.length > 0 ? { low, high } : { low: 0, high: 0 };
  return { name, datatype: type, shape: [(first / rows) * size, ...rest], ...bounds };
}

/** A tensor of the type of another. */
function filled({ type, data }: Tensor, shape: number[], values: number[]): Tensor {
  if (data instanceof BigInt64Array) return { type, shape, data: BigInt64Array.from(values, BigInt) };
  const Elements = data.constructor as { new (length: number): Exclude<Tensor['data'], BigInt64Array> };
  const made = new Elements(values.length);
  made.set(values);
  return { type, shape, data: made };
}

const outputOf = ([name, tensor]: [string, Tensor]) => ({
  name,
  count: tensor.data.length,
  first: Array.from(numbersOf(tensor))
    .slice(0, mostKept)
    .map((value) => Number(value.toPrecision(6))),
});

/**
 * What a server of this variant on this kind of machine can be asked to see whether it serves this variant, with the answer;
 * other machines may round, or saturate, otherwise. Undefined where it can't be kept short or written as JSON: many inputs,
 * huge ones, halves, or answers that are no numbers.
 */
export async function challengeOf(session: Session, data: Dataset, digest: string): Promise<Challenge | undefined> {
  const seed = Number.parseInt(digest.slice(-8), 16);
  const rows = fixedBatch([session]) ?? 1;
  const inputs = session.inputs.map((input) => inputOf(input, data, rows));
  const numbers = inputs.reduce((sum, input) => sum + countOf(input), 0);
  const halves = inputs.some(({ datatype }) => datatype === 'FP16');
  if (halves || inputs.length > 8 || numbers > mostNumbers) return undefined;
  const values = drawn({ seed, inputs });
  const feeds = inputs.map(({ name, shape }, i): [string, Tensor] => [
    name,
    filled(data.inputs[name] as Tensor, shape, values[i] ?? []),
  ]);
  // What it makes of invented inputs is no judgement of it.
  const answers = Object.entries(await session.run(Object.fromEntries(feeds)).catch(() => ({})));
  if (answers.length === 0) return undefined;
  if (answers.reduce((sum, [, { data: all }]) => sum + all.length, 0) > mostNumbers) return undefined;
  const outputs = answers.slice(0, mostOutputs).map(outputOf);
  const challenge = { seed, inputs, outputs };
  const finite = outputs.every(({ first }) => first.length > 0 && first.every(Number.isFinite));
  return finite && JSON.stringify(challenge).length <= mostBytes ? challenge : undefined;
}
