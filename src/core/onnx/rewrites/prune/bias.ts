import type { Consumer } from '../../dependency/operation.ts';
import { consumersOf, initializerOf, isOutput, makeNode, setInitializer } from '../../graph.ts';
import type { GraphProto, NodeProto, TensorProto } from '../../model.ts';
import { DataType, dims, floats, tensor } from '../../tensors.ts';

/** A new initializer and the axis of a value that its last axis is cut with. */
export interface NewBias {
  name: string;
  rank: number;
  value: string;
  axis: number;
}

/** A bias of one FLOAT constant for each output, whatever axes of size 1 stand before. */
function vector(graph: GraphProto, name: string | undefined, outputs: number): TensorProto | undefined {
  const found = initializerOf(graph, name);
  if (found?.dataType !== DataType.FLOAT) return undefined;
  const shape = dims(found);
  const elements = shape.reduce((product, size) => product * size, 1);
  return elements === outputs && shape.at(-1) === outputs ? found : undefined;
}

/** The Add that puts a bias on what a MatMul makes, and which of its inputs that is. */
function biasAdd(
  graph: GraphProto,
  { output: [made = ''] }: NodeProto,
  outputs: number,
): [NodeProto, number] | undefined {
  const [next, ...others] = consumersOf(graph, made);
  if (!next || others.length > 0 || next.opType !== 'Add' || isOutput(graph, made)) return undefined;
  const index = next.input[0] === made ? 1 : 0;
  return vector(graph, next.input[index], outputs) && next.input[1 - index] === made ? [next, index] : undefined;
}

/** Whether a constant can be added to each output of a consumer. */
export function takesBias(graph: GraphProto, { node, bias }: Consumer, outputs: number): boolean {
  if (bias === 'none') return false;
  return bias === 'add' || !node.input[2] || vector(graph, node.input[2], outputs) !== undefined;
}

function setBias(graph: GraphProto, node: NodeProto, index: number, delta: Float64Array, of: NodeProto): NewBias {
  const old = initializerOf(graph, node.input[index]);
  const values = old ? floats(old) : new Float32Array(delta.length);
  const name = `${of.name}.repaired_bias`;
  const shape = old ? dims(old) : [delta.length];
  setInitializer(
    graph,
    tensor(
      name,
      values.map((value, i) => value + (delta[i] ?? 0)),
      shape,
    ),
  );
  node.input = [0, 1, 2]
    .slice(0, Math.max(index + 1, node.input.length))
    .map((at) => (at === index ? name : (node.input[at] ?? '')));
  return { name, rank: shape.length, value: of.output[0] ?? '', axis: 0 };
}

/** Adds `delta` to the outputs of a consumer of a graph, in whatever bias it has. `rank` is that of its output. */
export function addBias(
  graph: GraphProto,
  { node: { name }, bias }: Consumer,
  delta: Float64Array,
  rank: number,
): NewBias | undefined {
  const node = graph.node.find((each) => each.name === name);
  if (!node || delta.every((value) => value === 0)) return undefined;
  if (bias === 'input') return { ...setBias(graph, node, 2, delta, node), axis: 1 };
  const axis = rank - 1;
  const add = biasAdd(graph, node, delta.length);
  if (add) return { ...setBias(graph, ...add, delta, node), axis };
  const [made = ''] = node.output;
  const vectorName = `${name}.repaired_bias`;
  setInitializer(graph, tensor(vectorName, Float32Array.from(delta), [delta.length]));
  node.output = [`${name}.unbiased`];
  const added = makeNode('Add', `${name}.bias`, [`${name}.unbiased`, vectorName], [made]);
  graph.node.splice(graph.node.indexOf(node) + 1, 0, added);
  return { name: vectorName, rank: 1, value: made, axis };
}
