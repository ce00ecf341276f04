/** Small graphs from scratch: those that a probe times, and those of tests. */
import { create } from '@bufbuild/protobuf';
import type { GraphProto, Model, NodeProto, TensorProto } from './model.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './proto/gen/onnx_pb.js';
import type { Dim } from './shapes/dims.ts';
import { DataType } from './tensor-data/element-types.ts';

export function valueInfo(name: string, shape?: readonly Dim[], elemType: DataType = DataType.FLOAT): ValueInfoProto {
  const dim = shape?.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }));
  const value = { case: 'tensorType' as const, value: { elemType, ...(dim && { shape: { dim } }) } };
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value }) });
}

export interface GraphParts {
  inputs?: Record<string, readonly Dim[]>;
  initializers?: TensorProto[];
  nodes: NodeProto[];
  outputs: string[];
  opset?: number;
}

export function modelWith({ inputs = {}, initializers = [], nodes, outputs, opset = 21 }: GraphParts): Model {
  const graph: GraphProto = create(GraphProtoSchema, {
    node: nodes,
    initializer: initializers,
    input: Object.entries(inputs).map(([name, shape]) => valueInfo(name, shape)),
    output: outputs.map((name) => valueInfo(name)),
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { version: BigInt(opset) })];
  return create(ModelProtoSchema, { irVersion: 10n, opsetImport, graph }) as Model;
}
