import { create } from '@bufbuild/protobuf';
import { initializerOf } from '../../graph.ts';
import type { Model, TensorProto } from '../../model.ts';
import { reads } from '../../order.ts';
import { TensorProtoSchema } from '../../proto/gen/onnx_pb.js';
import { shallowCopy } from './cut.ts';

/** A model in which no vector of weights is read twice, and the names that were given to the copies. */
export interface Unshared {
  model: Model;
  copies: ReadonlyMap<string, TensorProto>;
}

/**
 * Exporters write equal vectors once (biases of zeros, scales of ones), which would tie channels together that have
 * nothing to do with each other: each use gets a copy of its own. Matrices stay shared, for they are shared on purpose.
 */
export function unshare(model: Model): Unshared {
  const result = shallowCopy(model);
  const copies = new Map<string, TensorProto>();
  const used = new Set<string>();
  for (const node of result.graph.node) {
    for (const [index, name] of node.input.entries()) {
      const source = initializerOf(result.graph, name);
      if (source?.dims.length !== 1 || (source.dims[0] ?? 0n) < 2n) continue;
      if (used.has(name)) {
        const own = `${node.name}.own_${index}`;
        node.input[index] = own;
        result.graph.initializer.push(Object.assign(create(TensorProtoSchema), source, { name: own }));
        copies.set(own, source);
      }
      used.add(name);
    }
  }
  return { model: result, copies };
}

/** Takes back the copies that are as they were, and drops the vectors that nobody reads any more. Changes `model`. */
export function reshare({ graph }: Model, copies: ReadonlyMap<string, TensorProto>, before: Model): void {
  for (const [own, source] of copies) {
    const copy = initializerOf(graph, own);
    const original = initializerOf(graph, source.name);
    if (!copy || copy.rawData !== source.rawData || original?.rawData !== source.rawData) continue;
    for (const node of graph.node) node.input = node.input.map((name) => (name === own ? source.name : name));
  }
  const were = new Set(before.graph.node.flatMap(reads));
  const are = new Set([...graph.node.flatMap(reads), ...graph.output.map(({ name }) => name ?? '')]);
  graph.initializer = graph.initializer.filter(({ name }) => are.has(name) || !(copies.has(name) || were.has(name)));
}
