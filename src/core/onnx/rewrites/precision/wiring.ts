import type { Model, NodeProto, TensorProto } from '../../model.ts';
import { reads } from '../../order.ts';
import { type Inference, opsetOf } from '../../shapes/infer.ts';

/** Who reads what in a graph, each looked up in constant time: models have thousands of nodes. */
export interface Wiring {
  /** The nodes in an order in which they can run. */
  order: readonly NodeProto[];
  /** The version of the default operator set. */
  opset: number;
  /** An initializer. */
  constant(name: string | undefined): TensorProto | undefined;
  /** Those whose subgraphs read it included. */
  readers(tensor: string): readonly NodeProto[];
  /** The only node that reads the tensor, where it is no output of the graph and is read once. */
  soleReader(tensor: string): NodeProto | undefined;
  isOutput(tensor: string): boolean;
  /** How many axes the tensor has, where that is known. */
  rank(tensor: string): number | undefined;
}

export function wiringOf(model: Model, { order, values }: Inference): Wiring {
  const { graph } = model;
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const outputs = new Set(graph.output.map(({ name }) => name));
  const readers = new Map<string, NodeProto[]>();
  for (const node of order) {
    for (const name of reads(node)) {
      const present = readers.get(name);
      if (present) present.push(node);
      else readers.set(name, [node]);
    }
  }
  return {
    order,
    opset: opsetOf(model, 'ai.onnx'),
    constant: (name) => (name ? constants.get(name) : undefined),
    readers: (tensor) => readers.get(tensor) ?? [],
    soleReader: (tensor) => {
      const [node, ...others] = readers.get(tensor) ?? [];
      const once = node?.input.filter((name) => name === tensor).length === 1;
      return once && others.length === 0 && !outputs.has(tensor) ? node : undefined;
    },
    isOutput: (tensor) => outputs.has(tensor),
    rank: (tensor) => values.get(tensor)?.shape?.length,
  };
}
