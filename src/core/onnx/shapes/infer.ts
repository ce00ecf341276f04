import type { GraphProto, Model, NodeProto } from '../model.ts';
import { ModelError } from '../model.ts';
import { called, executionOrder } from '../order.ts';
import type { TypeProto } from '../proto/gen/onnx_pb.js';
import { subgraphs } from '../walk.ts';
import { count, type Dim, isKnown, type Shape, showShape, unknownDim } from './dims.ts';
import { domainOf, ruleFor } from './registry.ts';
import { tensorValue } from './tensor-value.ts';
import { mostElements, Site, type Value, value } from './value.ts';

/** A node whose outputs can't be told, and why. */
export interface Unanalysed {
  node: NodeProto;
  reason: string;
}

export interface Inference {
  /** The nodes in an order in which they can run. */
  order: readonly NodeProto[];
  /** What is known of each value of the graph, by name. */
  values: ReadonlyMap<string, Value>;
  unanalysed: Unanalysed[];
  /** The names of sizes that the graph's inputs leave open, as they are before any binding. */
  openDims: string[];
}

export interface InferOptions {
  /** Sizes for names of dimensions. */
  dims?: Readonly<Record<string, number>>;
  /** The size of every dimension of an input that `dims` does not name. */
  otherDims?: number;
}

const none: Value = { type: 0 };

function declared({ dims = {}, otherDims }: InferOptions) {
  const bind = (name: string): Dim => (Object.hasOwn(dims, name) ? (dims[name] ?? name) : name);
  return (type: TypeProto | undefined, called?: string): Value => {
    if (type?.value.case !== 'tensorType') return none;
    const { elemType, shape } = type.value.value;
    const sizes = shape?.dim.map(({ value: size }, axis): Dim => {
      // Exporters write -1 where they mean a size that is open.
      if (size.case === 'dimValue' && size.value !== -1n) return Number(size.value);
      const given = size.case === 'dimParam' && size.value !== unknownDim ? size.value : '';
      if (called === undefined) return given ? bind(given) : unknownDim;
      // A size without a name gets the name of its input and axis, so that it can be bound.
      const bound = bind(given || `${called}.${axis}`);
      return isKnown(bound) ? bound : (otherDims ?? bound);
    });
    return value(elemType ?? 0, sizes);
  };
}

/** What a rule found, with what the file declares where the rule found nothing. */
function completed(found: Value | undefined, hint: Value | undefined): Value {
  const type = found?.type || hint?.type || 0;
  if (!found?.shape) return { type, shape: hint?.shape, elements: found?.elements };
  const agree = hint?.shape?.length === found.shape.length;
  const shape = found.shape.map((dim, axis) => (dim === unknownDim && agree ? (hint?.shape?.[axis] ?? dim) : dim));
  return { type, shape, elements: found.elements };
}

/** Sizes are whole, not negative, and a tensor holds fewer than 2^53 elements. */
function checkSizes(shape: Shape | undefined, where: () => string): void {
  if (!shape) return;
  for (const dim of shape) {
    if (isKnown(dim) && !(Number.isSafeInteger(dim) && dim >= 0)) {
      throw new ModelError(`${where()} has the impossible shape ${showShape(shape)}`);
    }
  }
  if (!Number.isSafeInteger(count(shape.filter(isKnown)))) {
    throw new ModelError(`${where()} of shape ${showShape(shape)} holds more than 2^53 elements`);
  }
}

/** The version of a domain's operator set; 1 when the model does not say. */
export const opsetOf = (model: Model, domain: string | undefined): number => {
  const found = model.opsetImport.find((each) => domainOf(each.domain) === domainOf(domain));
  return Number(found?.version ?? 1);
};

function givenValues(graph: GraphProto, read: ReturnType<typeof declared>): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const { name = '', type } of graph.input) values.set(name, read(type, name));
  for (const tensor of graph.initializer) values.set(tensor.name, tensorValue(tensor));
  for (const { values: sparse, dims } of graph.sparseInitializer) {
    if (sparse?.name) values.set(sparse.name, value(sparse.dataType, dims.map(Number)));
  }
  for (const [name, { shape }] of values) checkSizes(shape, () => `"${name}"`);
  return values;
}

function openDimsOf(graph: GraphProto): string[] {
  const initial = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name = '' }) => !initial.has(name));
  const shapes = inputs.map(({ name = '', type }) => declared({})(type, name).shape ?? []);
  return [...new Set(shapes.flat().filter((dim) => !isKnown(dim)))] as string[];
}

/** Why nothing is known of what the node makes. */
function reasonFor(model: Model, node: NodeProto, inputs: readonly (Value | undefined)[]): string {
  if (!subgraphs(node).next().done) return 'its result depends on what a subgraph does';
  if (model.functions.some(({ name, domain }) => name === node.opType && domainOf(domain) === domainOf(node.domain))) {
    return "it is a function of the model's own";
  }
  if (!ruleFor(node.domain, node.opType ?? '')) {
    return `the operator ${node.domain ? `${node.domain}.` : ''}${node.opType ?? ''} is not known`;
  }
  const dark = node.input.find((name, index) => name && !inputs[index]?.shape);
  return dark ? `the shape of "${dark}" is not known` : 'its shape depends on values that are not constant';
}

/**
 * Types and shapes of every value of a model, by the rules of its operators (ONNX Operators.md, opsets 11 to 26, and
 * com.microsoft of ONNX Runtime). Sizes that the inputs leave open stay names and are reckoned with; small tensors of
 * integers are followed, so that chains of Shape, Gather, Concat and Reshape come out. Where a rule knows nothing, what
 * the file declares counts. An operator without a rule has outputs of unknown shape and is listed. Throws ModelError
 * when the graph contradicts itself: a cycle, a value that nothing makes, shapes that don't fit, sizes that can't be.
 */
export function inferShapes(model: Model, options: InferOptions = {}): Inference {
  const { graph } = model;
  const order = executionOrder(graph);
  const read = declared(options);
  const values = givenValues(graph, read);
  const hints = new Map([...graph.valueInfo, ...graph.output].map(({ name = '', type }) => [name, read(type)]));
  const opsets = new Map<string, number>();
  const unanalysed: Unanalysed[] = [];
  for (const node of order) {
    const domain = domainOf(node.domain);
    const opset = opsets.get(domain) ?? opsetOf(model, domain);
    opsets.set(domain, opset);
    const inputs = node.input.map((name) => (name ? (values.get(name) ?? none) : undefined));
    const own = model.functions.some((each) => each.name === node.opType && domainOf(each.domain) === domain);
    const rule = own || !subgraphs(node).next().done ? undefined : ruleFor(node.domain, node.opType ?? '');
    const made = rule?.(new Site(node, opset, inputs)) ?? [];
    for (const [index, name] of node.output.entries()) {
      if (!name) continue;
      const result = completed(made[index], hints.get(name));
      checkSizes(result.shape, () => `${called(node)}: its output "${name}"`);
      const few = (result.elements?.length ?? 0) <= mostElements;
      values.set(name, few ? result : { ...result, elements: undefined });
    }
    if (!rule || node.output.some((name) => name && !values.get(name)?.shape)) {
      unanalysed.push({ node, reason: reasonFor(model, node, inputs) });
    }
  }
  return { order, values, unanalysed, openDims: openDimsOf(graph) };
}
