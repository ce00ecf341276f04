import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
} from './proto/gen/onnx_pb.js';
import { tensorsOf } from './walk.ts';

export type { GraphProto, ModelProto, NodeProto, TensorProto } from './proto/gen/onnx_pb.js';

/** A model whose graph is there: what `decode` has checked. */
export type Model = ModelProto & { graph: GraphProto };

/** A model that is not what it should be; the message is for whoever gave it. */
export class ModelError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
  }
}

/**
 * Reads an ONNX model (ModelProto of the ONNX specification). Weights stay views into `bytes`; fields unknown to this
 * version are kept. Throws ModelError when the bytes are no whole model.
 */
export function decode(bytes: Uint8Array): Model {
  if (bytes.length === 0) throw new ModelError('the model file is empty');
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new ModelError('the model file is truncated or not ONNX: its protobuf can not be read', { cause });
  }
  if (!model.graph || model.graph.node.length === 0) {
    throw new ModelError('the model file is not ONNX: it has no graph');
  }
  if (model.opsetImport.length === 0) throw new ModelError('the model names no operator set: it is not valid ONNX');
  return model as Model;
}

export const encode = (model: Model): Uint8Array => toBinary(ModelProtoSchema, model);

const nothing = new Uint8Array();

/**
 * A copy that can be changed; the original stays as it is. The bytes of weights are shared, for they are most of a model
 * and nothing writes into them: a tensor that changes gets bytes of its own.
 */
export function copy(model: Model): Model {
  const heavy = [...tensorsOf(model)].map((tensor) => ({ tensor, bytes: tensor.rawData }));
  try {
    // An absent field reads as empty bytes too, and must stay absent.
    for (const { tensor, bytes } of heavy) if (bytes.length > 0) tensor.rawData = nothing;
    const result = clone(ModelProtoSchema, model) as Model;
    for (const [index, tensor] of [...tensorsOf(result)].entries()) {
      const bytes = heavy[index]?.bytes;
      if (bytes?.length) tensor.rawData = bytes;
    }
    return result;
  } finally {
    for (const { tensor, bytes } of heavy) if (bytes.length > 0) tensor.rawData = bytes;
  }
}

/** The model's own key-value pairs (`metadata_props`). */
export function readMetadata(model: Model): Record<string, string> {
  return Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? '']));
}

export function withMetadata(model: Model, entries: Record<string, string>): Model {
  const result = copy(model);
  const kept = result.metadataProps.filter(({ key }) => !key || !(key in entries));
  const added = Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  result.metadataProps = [...kept, ...added];
  return result;
}
