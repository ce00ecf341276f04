import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from './proto/gen/onnx_pb.js';

/** A node and every node in its subgraphs, at any depth. */
export function* nodesWithin(nodes: Iterable<NodeProto>): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    for (const graph of subgraphs(node)) yield* nodesWithin(graph.node);
  }
}

export function* subgraphs(node: NodeProto): Generator<GraphProto> {
  for (const { g, graphs } of node.attribute) {
    if (g) yield g;
    yield* graphs;
  }
}

function* attributeTensors({ t, tensors, sparseTensor, sparseTensors }: AttributeProto): Generator<TensorProto> {
  if (t) yield t;
  yield* tensors;
  for (const sparse of sparseTensor ? [sparseTensor, ...sparseTensors] : sparseTensors) {
    if (sparse.values) yield sparse.values;
    if (sparse.indices) yield sparse.indices;
  }
}

function* graphTensors(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const { values, indices } of graph.sparseInitializer) {
    if (values) yield values;
    if (indices) yield indices;
  }
  yield* nodeTensors(graph.node);
}

function* nodeTensors(nodes: Iterable<NodeProto>): Generator<TensorProto> {
  for (const node of nodes) {
    for (const attribute of node.attribute) yield* attributeTensors(attribute);
    for (const graph of subgraphs(node)) yield* graphTensors(graph);
  }
}

/** Every tensor of a model, at any depth: initializers, attributes, subgraphs and the model's own functions. */
export function* tensorsOf(model: ModelProto): Generator<TensorProto> {
  if (model.graph) yield* graphTensors(model.graph);
  for (const { node } of model.functions) yield* nodeTensors(node);
}
