import type { QualityMetric } from '../../../src/api/variant.ts';
import { producerOf } from '../../../src/core/onnx/graph.ts';
import type { Model } from '../../../src/core/onnx/model.ts';
import { estimate } from '../../../src/core/quality/estimate.ts';
import { traits } from '../../../src/core/quality/metric.ts';
import type { Engine, Session } from '../../../src/engines/engine.ts';
import type { Dataset } from '../../../src/worker/dataset.ts';
import { scoresOf } from '../../../src/worker/judge/judge.ts';
import type { MeteredMetric } from '../../../src/worker/judge/meters.ts';
import { withSession } from '../../../src/worker/session.ts';

export type Metric = MeteredMetric;
export const metrics = (Object.keys(traits) as QualityMetric[]).filter((name): name is Metric => name !== 'Command');

export interface JudgeTask {
  metric: Metric;
  output: string;
  data: Dataset;
  /** The model that others are compared with, where the metric does that. */
  base: Uint8Array;
}

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

/**
 * What a model's quality on all rows comes to, by the code that judges a search's variants; the base model's own where
 * `model` is the base. The function throws EngineError or WorkerError where a model can not be judged.
 */
export function judgeBy(
  engine: Engine,
  { metric, output, data, base }: JudgeTask,
): (model: Uint8Array) => Promise<number> {
  const score = (model: Uint8Array, reference?: Session) =>
    withSession(engine, model, (found) => scoresOf(metric, output, data, found, reference));
  return async (model) => {
    const scores = traits[metric].compares
      ? await withSession(engine, base, (reference) => score(model, reference))
      : await score(model);
    return estimate(metric, scores).value;
  };
}
