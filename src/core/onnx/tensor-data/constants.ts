import { create } from '@bufbuild/protobuf';
import type { GraphProto, Model, NodeProto, TensorProto } from '../model.ts';
import { copy } from '../model.ts';
import { AttributeProto_AttributeType as AttributeType, TensorProtoSchema } from '../proto/gen/onnx_pb.js';
import { DataType } from './element-types.ts';

const vector = (length: number) => [BigInt(length)];

/**
 * The tensor that a Constant node makes, in whichever attribute it stands (value, value_float, value_ints …), under the
 * name of the node's output. Undefined for any other node and for sparse values.
 */
export function constantOf(node: NodeProto): TensorProto | undefined {
  if (node.opType !== 'Constant' || (node.domain && node.domain !== 'ai.onnx')) return undefined;
  const [name] = node.output;
  const [attribute] = node.attribute.filter(({ type, t }) => type !== AttributeType.UNDEFINED || t);
  if (!name || !attribute) return undefined;
  const { t, f, i, s, floats, ints, strings } = attribute;
  switch (attribute.name) {
    case 'value':
      // A shallow copy shares the elements and leaves the node's own tensor as it is.
      return t && Object.assign(create(TensorProtoSchema), t, { name });
    case 'value_float':
      return create(TensorProtoSchema, { name, dataType: DataType.FLOAT, floatData: [f] });
    case 'value_floats':
      return create(TensorProtoSchema, {
        name,
        dataType: DataType.FLOAT,
        dims: vector(floats.length),
        floatData: floats,
      });
    case 'value_int':
      return create(TensorProtoSchema, { name, dataType: DataType.INT64, int64Data: [i] });
    case 'value_ints':
      return create(TensorProtoSchema, { name, dataType: DataType.INT64, dims: vector(ints.length), int64Data: ints });
    case 'value_string':
      return create(TensorProtoSchema, { name, dataType: DataType.STRING, stringData: [s] });
    case 'value_strings':
      return create(TensorProtoSchema, {
        ...{ name, dataType: DataType.STRING, dims: vector(strings.length), stringData: strings },
      });
    default:
      return undefined;
  }
}

/** Initializers and the tensors of Constant nodes alike, by name. Exporters use either for weights. */
export function constants(graph: GraphProto): Map<string, TensorProto> {
  const result = new Map<string, TensorProto>();
  for (const tensor of graph.initializer) if (tensor.name) result.set(tensor.name, tensor);
  for (const node of graph.node) {
    const made = constantOf(node);
    if (made) result.set(made.name, made);
  }
  return result;
}

/**
 * The model with Constant nodes turned into initializers, which is where rewritings look for weights. Those whose
 * value is sparse stay, and so does one that makes an output of the graph.
 */
export function liftConstants(model: Model): Model {
  const outputs = new Set(model.graph.output.map(({ name }) => name));
  const lifts = (node: NodeProto) => {
    const made = constantOf(node);
    return made && !outputs.has(made.name) ? made : undefined;
  };
  if (!model.graph.node.some((node) => lifts(node))) return model;
  const result = copy(model);
  // Before IR 4 an initializer had to be an input of the graph as well.
  if ((result.irVersion ?? 0n) < 4n) result.irVersion = 4n;
  result.graph.node = result.graph.node.filter((node) => {
    const made = lifts(node);
    if (made) result.graph.initializer.push(made);
    return !made;
  });
  return result;
}
