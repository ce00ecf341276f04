import { create } from '@bufbuild/protobuf';
import type { GraphProto, NodeProto, TensorProto } from './model.ts';
import { reads } from './order.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  NodeProtoSchema,
  ValueInfoProtoSchema,
} from './proto/gen/onnx_pb.js';
import { DataType } from './tensors.ts';

export const initializerOf = (graph: GraphProto, name: string | undefined): TensorProto | undefined =>
  graph.initializer.find((initializer) => initializer.name === name);

export const producerOf = (graph: GraphProto, tensor: string | undefined): NodeProto | undefined =>
  graph.node.find(({ output }) => tensor !== undefined && output.includes(tensor));

export const consumersOf = (graph: GraphProto, tensor: string | undefined): NodeProto[] =>
  graph.node.filter(({ input }) => tensor !== undefined && input.includes(tensor));

export const isOutput = (graph: GraphProto, tensor: string | undefined): boolean =>
  graph.output.some(({ name }) => name === tensor);

export function setInitializer(graph: GraphProto, next: TensorProto): void {
  const index = graph.initializer.findIndex(({ name }) => name === next.name);
  if (index < 0) graph.initializer.push(next);
  else graph.initializer[index] = next;
}

export const attribute = (node: NodeProto, name: string): AttributeProto | undefined =>
  node.attribute.find((candidate) => candidate.name === name);

type Value = number | bigint[] | number[] | string;

function attributeOf(name: string, value: Value | { float: number }): AttributeProto {
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if (Array.isArray(value)) {
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
}

export function setAttribute(node: NodeProto, name: string, value: Value): void {
  node.attribute = [...node.attribute.filter((present) => present.name !== name), attributeOf(name, value)];
}

/** A node of the default domain; integers, lists of integers and `{ float }` become its attributes. */
export function makeNode(
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attributes: Record<string, Value | { float: number }> = {},
): NodeProto {
  const list = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
  return create(NodeProtoSchema, { opType, name, input, output, attribute: list });
}

/** Makes every use of `from`, the graph's outputs included, a use of `to`. */
export function rewire(graph: GraphProto, from: string, to: string): void {
  for (const node of graph.node) node.input = node.input.map((name) => (name === from ? to : name));
  for (const output of graph.output) if (output.name === from) output.name = to;
}

/** Adds FLOAT outputs for tensors inside the graph. */
export function addOutputs(graph: GraphProto, tensors: Iterable<string>): void {
  for (const name of tensors) {
    if (isOutput(graph, name)) continue;
    const value = { case: 'tensorType' as const, value: { elemType: DataType.FLOAT } };
    graph.output.push(create(ValueInfoProtoSchema, { name, type: { value } }));
  }
}

/** Removes nodes and initializers that no output of the graph depends on. */
export function prune(graph: GraphProto): void {
  const needed = new Set(graph.output.map(({ name }) => name));
  // Nodes stand in topological order (ONNX IR), so one pass from the end finds all that is needed.
  const kept: NodeProto[] = [];
  for (const node of graph.node.toReversed()) {
    if (!node.output.some((name) => needed.has(name))) continue;
    kept.push(node);
    for (const name of reads(node)) needed.add(name);
  }
  graph.node = kept.reverse();
  graph.initializer = graph.initializer.filter(({ name }) => needed.has(name));
  const inputs = new Set(graph.initializer.map(({ name }) => name));
  const made = new Set(graph.node.flatMap(({ output }) => output));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => made.has(name ?? '') || inputs.has(name));
}
