import type { Model, NodeProto } from '../model.ts';
import { ModelError } from '../model.ts';
import { called, reads } from '../order.ts';
import { isKnown } from '../shapes/dims.ts';
import { type Inference, type InferOptions, inferShapes } from '../shapes/infer.ts';
import { domainOf } from '../shapes/registry.ts';
import type { Value } from '../shapes/value.ts';
import { bytesFor } from '../tensor-data/element-types.ts';
import { subgraphs } from '../walk.ts';
import { peakMemory } from './liveness.ts';
import { macsOf } from './macs.ts';

/** What one run of a node takes, by its shapes alone. */
export interface NodeCost {
  node: NodeProto;
  macs: number;
  bytesRead: number;
  bytesWritten: number;
  /** Everything the node touches at once, weights included: what a cache would have to hold. */
  workingSetBytes: number;
  /** Computed from constants alone: an engine does it once, at load. Counts nothing. */
  folded: boolean;
}

export interface ModelCost {
  nodes: NodeCost[];
  macs: number;
  bytesRead: number;
  bytesWritten: number;
  /** Elements of the constants that are read when the model runs. */
  parameters: number;
  weightBytes: number;
  peakActivationBytes: number;
  /** The node at which activations peak. */
  peakAt?: NodeProto;
  /** Sizes that were left open and counted as 1. */
  assumed: string[];
  inference: Inference;
}

/** Operators that only name the same bytes anew, or read none. */
const views = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);
const readsShapeOnly = new Set(['Shape', 'Size']);
/** Operators that take a few rows of a table: what they read is what they write. */
const takesRows = new Set(['Gather', 'GatherElements', 'GatherND']);
const isDefault = (node: NodeProto) => domainOf(node.domain) === 'ai.onnx';
const isOneOf = (node: NodeProto, operators: ReadonlySet<string>) =>
  isDefault(node) && operators.has(node.opType ?? '');
const random = /^(Random|Multinomial|Bernoulli)/;

/** Elements, with sizes that stayed open taken as 1. Unknown shapes hold none. */
function elementsOf(value: Value | undefined): number {
  return (value?.shape ?? [0]).reduce<number>((product, dim) => product * (isKnown(dim) ? dim : 1), 1);
}

const bytesOf = (value: Value | undefined): number => (value ? bytesFor(value.type, elementsOf(value)) : 0);

/** Constants, and whatever is made of nothing but constants. */
function constantNames(model: Model, { order, values }: Inference): Set<string> {
  const { graph } = model;
  const names = new Set(graph.initializer.map(({ name }) => name));
  for (const { values: sparse } of graph.sparseInitializer) names.add(sparse?.name ?? '');
  for (const node of order) {
    if (random.test(node.opType ?? '') || !subgraphs(node).next().done) continue;
    const fixed = node.input.every((name) => !name || names.has(name));
    for (const name of node.output) {
      const known = isDefault(node) && values.get(name)?.elements?.every(isKnown);
      if (name && (fixed || known)) names.add(name);
    }
  }
  return names;
}

function costOf(node: NodeProto, values: ReadonlyMap<string, Value>, constant: ReadonlySet<string>): NodeCost {
  const idle = { node, macs: 0, bytesRead: 0, bytesWritten: 0, workingSetBytes: 0 };
  const made = node.output.filter((name) => name !== '');
  if (made.every((name) => constant.has(name))) return { ...idle, folded: true };
  if (isOneOf(node, views) || isOneOf(node, readsShapeOnly)) return { ...idle, folded: false };
  const bytesWritten = made.reduce((sum, name) => sum + bytesOf(values.get(name)), 0);
  const inputs = node.input.map((name) => (name ? values.get(name) : undefined));
  const sizes = [...new Set(node.input)].map((name) => bytesOf(values.get(name)));
  const all = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const first = bytesOf(inputs[0]);
  const bytesRead = isOneOf(node, takesRows) ? all - first + Math.min(first, bytesWritten) : all;
  const macs = macsOf(node, inputs, values.get(node.output[0] ?? ''));
  return { node, macs, bytesRead, bytesWritten, workingSetBytes: bytesRead + bytesWritten, folded: false };
}

/** The weights of MatMulNBits stand packed in bytes; what they hold is K·N. */
function packedWeights(node: NodeProto): Map<string, number> {
  if (node.domain !== 'com.microsoft' || node.opType !== 'MatMulNBits') return new Map();
  const of = (wanted: string) => Number(node.attribute.find(({ name }) => name === wanted)?.i ?? 0n);
  return new Map([[node.input[1] ?? '', of('K') * of('N')]]);
}

function openSizes(inference: Inference): string[] {
  const names = [...inference.values.values()].flatMap(({ shape }) => shape?.filter((dim) => !isKnown(dim)) ?? []);
  return [...new Set(names.map(String))].sort();
}

/**
 * What a model costs by its graph alone, without running it: multiply-accumulates, bytes moved, weights, and the peak of
 * activations. `dims` binds sizes that the inputs leave open; the others count as 1 and are reported in `assumed`.
 * Nodes that cannot be analysed count nothing and are in `inference.unanalysed`. Throws ModelError like inferShapes,
 * and where a figure passes 2^53.
 */
export function modelCost(model: Model, options: Pick<InferOptions, 'dims'> = {}): ModelCost {
  const inference = inferShapes(model, { dims: options.dims ?? {}, otherDims: 1 });
  const { order, values, openDims } = inference;
  const constant = constantNames(model, inference);
  const nodes = order.map((node) => costOf(node, values, constant));
  for (const { node, macs, workingSetBytes } of nodes) {
    if (!Number.isSafeInteger(macs) || !Number.isSafeInteger(workingSetBytes)) {
      throw new ModelError(`${called(node)} costs more than can be counted (2^53)`);
    }
  }
  const running = nodes.filter(({ folded }) => !folded).map(({ node }) => node);
  const used = new Set(running.flatMap(reads).filter((name) => constant.has(name)));
  const packed = new Map(running.flatMap((node) => [...packedWeights(node)]));
  const weights = [...used];
  const peak = peakMemory({
    order: running,
    inputs: model.graph.input.map(({ name = '' }) => name).filter((name) => !constant.has(name)),
    outputs: model.graph.output.map(({ name = '' }) => name).filter((name) => !constant.has(name)),
    bytes: (name) => (constant.has(name) ? 0 : bytesOf(values.get(name))),
    reads,
    sharesWith: (node) => (isOneOf(node, views) ? node.input[0] : undefined),
  });
  const total = (figure: 'macs' | 'bytesRead' | 'bytesWritten') => nodes.reduce((sum, each) => sum + each[figure], 0);
  return {
    ...{ nodes, macs: total('macs'), bytesRead: total('bytesRead'), bytesWritten: total('bytesWritten') },
    parameters: weights.reduce((sum, name) => sum + (packed.get(name) ?? elementsOf(values.get(name))), 0),
    weightBytes: weights.reduce((sum, name) => sum + bytesOf(values.get(name)), 0),
    peakActivationBytes: peak.bytes,
    peakAt: peak.at,
    assumed: [...openDims.filter((name) => !Object.hasOwn(options.dims ?? {}, name)), ...openSizes(inference)],
    inference,
  };
}
