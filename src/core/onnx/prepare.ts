import { copy, type Model, ModelError } from './model.ts';
import { opsetOf } from './shapes/infer.ts';
import { liftConstants } from './tensor-data/constants.ts';

/**
 * A model as rewritings take it: weights are initializers whatever their exporter did, and every node has a name of its
 * own, for new tensors are named after nodes. What it computes is the same.
 */
export function prepare(model: Model): Model {
  const result = copy(liftConstants(model));
  const taken = new Set<string>();
  for (const [index, node] of result.graph.node.entries()) {
    const stem = node.name || `${node.opType}_${index}`;
    let name = stem;
    for (let again = 1; taken.has(name); again++) name = `${stem}_${again}`;
    taken.add(name);
    node.name = name;
  }
  return result;
}

/** Throws ModelError when operators that a rewriting writes are newer than the model's operator set. */
export function needOpset(model: Model, least: number, what: string): void {
  const opset = opsetOf(model, 'ai.onnx');
  if (opset >= least) return;
  throw new ModelError(
    `${what} needs operator set ${least} and the model has ${opset}: convert it (onnx.version_converter), or leave ${what} out of spec.space.precisions`,
  );
}
