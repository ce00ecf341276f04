import { producerOf } from '../../../src/core/onnx/graph.ts';
import type { Model } from '../../../src/core/onnx/model.ts';
import { argmax, cosine } from '../../../src/core/quality/scores.ts';
import type { Engine, Session } from '../../../src/engines/engine.ts';
import { batch, type Dataset } from '../../../src/worker/dataset.ts';

export type Metric = 'Agreement' | 'Top1' | 'Cosine';
export const metrics: readonly Metric[] = ['Agreement', 'Top1', 'Cosine'];

/** One row of `width` numbers an input row. */
export interface Outputs {
  values: Float32Array;
  width: number;
}

const rowsAtOnce = 16;
const options = { threads: 1, graphOptimization: 'All' } as const;

/** The output that quality is judged by: the last float one with two axes, which pooled embeddings are, else the first. */
export function judgedOutput({ outputs }: Pick<Session, 'outputs'>): string {
  const floating = outputs.filter(({ type }) => type === 'FP32');
  const found = floating.findLast(({ shape }) => shape.length === 2) ?? floating[0];
  if (!found) throw new Error('the model has no float output that could be judged');
  return found.name;
}

const scoring = new Set(['Softmax', 'LogSoftmax', 'Gemm', 'MatMul']);

/** Whether an output holds a score for each class: it ends in a classifier, whose bias may be an Add of its own. */
export function isClassifier({ graph }: Model, output: string): boolean {
  const last = producerOf(graph, output);
  if (last?.opType === 'Identity') return isClassifier({ graph } as Model, last.input[0] ?? '');
  const before = last?.opType === 'Add' ? last.input.map((name) => producerOf(graph, name)?.opType ?? '') : [];
  return [last?.opType ?? '', ...before].some((kind) => scoring.has(kind));
}

function joined(parts: Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** What a model says of every row. Throws EngineError where the engine refuses model or rows. */
export async function outputsOf(engine: Engine, model: Uint8Array, data: Dataset, output: string): Promise<Outputs> {
  const session = await engine.load(model, options);
  try {
    const fixed = session.inputs.map(({ shape }) => shape[0] ?? -1).find((size) => size > 0);
    const step = fixed ?? rowsAtOnce;
    const parts: Float32Array[] = [];
    for (let row = 0; row + (fixed ?? 1) <= data.rows; row += step) {
      const found = await session.run(batch(data, row, Math.min(data.rows, row + step)));
      const values = found[output]?.data;
      if (!(values instanceof Float32Array)) throw new Error(`the model no longer has the float output "${output}"`);
      parts.push(values);
    }
    const values = joined(parts);
    return { values, width: values.length / data.rows };
  } finally {
    await session.release();
  }
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const classes = ({ values, width }: Outputs) =>
  Array.from({ length: values.length / width }, (_, row) => argmax({ values, at: row * width, length: width }));

/** 0 to 1, the mean over rows: right by label, the same class as the base model, or the cosine to its output. */
export function quality(metric: Metric, found: Outputs, base: Outputs, labels: number[] | undefined): number {
  if (found.values.length !== base.values.length) throw new Error('the output has another shape than that of the base');
  if (metric === 'Cosine') {
    const row = ({ values, width }: Outputs, index: number) => ({ values, at: index * width, length: width });
    const rows = Array.from({ length: base.values.length / base.width }, (_, index) => index);
    return mean(rows.map((index) => cosine(row(found, index), row(base, index))));
  }
  const expected = metric === 'Top1' && labels ? labels : classes(base);
  return mean(classes(found).map((value, index) => (value === expected[index] ? 1 : 0)));
}
