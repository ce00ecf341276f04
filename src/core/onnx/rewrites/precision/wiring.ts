import type { Model, NodeProto, TensorProto } from '../../model.ts';
import { type Inference, opsetOf } from '../../shapes/infer.ts';
import { Wiring as GraphWiring } from '../../wiring.ts';

/** Who reads what in a graph whose types and shapes are known. */
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
  const wiring = new GraphWiring(model.graph);
  return {
    order,
    opset: opsetOf(model, 'ai.onnx'),
    constant: (name) => wiring.constant(name),
    readers: (tensor) => wiring.readers(tensor),
    soleReader: (tensor) => wiring.onlyReader(tensor),
    isOutput: (tensor) => wiring.isOutput(tensor),
    rank: (tensor) => values.get(tensor)?.shape?.length,
  };
}
