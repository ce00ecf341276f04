import { create, type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from './gen/onnx_pb.js';

/** Parts of a file, in order; weights among them are views, not copies. */
type Parts = Uint8Array[];

const lengthOf = (parts: Parts) => parts.reduce((sum, { length }) => sum + length, 0);

/** Tag and length of a field of bytes (Protocol Buffers encoding, wire type 2). */
function header(field: number, length: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest of [field * 8 + 2, length]) {
    while (rest > 127) {
      bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

const entry = (field: number, parts: Parts): Parts => [header(field, lengthOf(parts)), ...parts];

/**
 * A message in parts: what stands before a field, what `parts` makes of the field, and what stands after it, unknown
 * fields last, as the writer of the protobuf library orders them.
 */
function around<T extends DescMessage>(schema: T, message: Message, localName: string, parts: Parts): Parts {
  const field = schema.fields.find((each) => each.localName === localName);
  const side = (wanted: (number: number) => boolean, unknown: boolean) => {
    const part = create(schema) as unknown as Record<string, unknown>;
    const source = message as unknown as Record<string, unknown>;
    for (const each of schema.fields) {
      const name = each.oneof ? each.oneof.localName : each.localName;
      if (wanted(each.number) && Object.hasOwn(source, name)) part[name] = source[name];
    }
    if (unknown && message.$unknown) part.$unknown = message.$unknown;
    return toBinary(schema, part as never);
  };
  const at = field?.number ?? 0;
  return [side((number) => number < at, false), ...parts, side((number) => number > at, true)];
}

/** Below this many bytes the library's writer is faster than parts of our own. */
const few = 4096;

function tensorParts(tensor: TensorProto): Parts {
  const { rawData } = tensor;
  if (rawData.length < few) return [toBinary(TensorProtoSchema, tensor)];
  return around(TensorProtoSchema, tensor, 'rawData', [
    header(TensorProtoSchema.field.rawData.number, rawData.length),
    rawData,
  ]);
}

/**
 * The bytes that the library's own writer makes, with one copy of the weights instead of four: it grows and joins a
 * buffer at each level of messages.
 */
export function encodeModel(model: ModelProto): Uint8Array {
  const { graph } = model;
  if (!graph) return toBinary(ModelProtoSchema, model);
  const tensors = graph.initializer.flatMap((tensor) =>
    entry(GraphProtoSchema.field.initializer.number, tensorParts(tensor)),
  );
  const inside = around(GraphProtoSchema, graph, 'initializer', tensors);
  const parts = around(ModelProtoSchema, model, 'graph', entry(ModelProtoSchema.field.graph.number, inside));
  const result = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
