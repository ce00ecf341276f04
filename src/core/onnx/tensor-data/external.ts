import { clearField, create } from '@bufbuild/protobuf';
import { copy, type Model, ModelError, type TensorProto } from '../model.ts';
import {
  TensorProto_DataLocation as Location,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from '../proto/gen/onnx_pb.js';
import { tensorsOf } from '../walk.ts';
import { bytesFor } from './element-types.ts';
import { elementCount } from './elements.ts';

const isExternal = ({ dataLocation }: TensorProto) => dataLocation === Location.EXTERNAL;

/** Where a tensor lies: a file beside the model, by its path relative to the model's folder, and bytes of it. */
interface Place {
  location: string;
  offset: number;
  length: number;
}

function placeOf(tensor: TensorProto): Place {
  const entries = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.location ?? '';
  if (!location) throw new ModelError(`tensor "${tensor.name}" lies outside the model, but names no file`);
  // The IR asks for a path inside the model's folder; anything else would read other people's files.
  if (/^([/\\]|[A-Za-z]:)/.test(location) || location.split(/[/\\]/).includes('..')) {
    throw new ModelError(`tensor "${tensor.name}" names the file "${location}", which lies outside the model's folder`);
  }
  const offset = Number(entries.offset ?? 0);
  const length = Number(entries.length ?? bytesFor(tensor.dataType, elementCount(tensor)));
  if (![offset, length].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw new ModelError(`tensor "${tensor.name}" names no valid range of "${location}"`);
  }
  return { location, offset, length };
}

/** The files besides the model that its tensors lie in, each once. Throws ModelError for a path that leads elsewhere. */
export function externalFiles(model: Model): string[] {
  return [...new Set([...tensorsOf(model)].filter(isExternal).map((tensor) => placeOf(tensor).location))];
}

/**
 * The model with every tensor inside: `lookup` gives the bytes of a file by its path relative to the model's folder.
 * Bytes become views, nothing is copied but the graph. Throws ModelError when a file is missing or too short
 * (onnx.proto, TensorProto.external_data).
 */
export function withExternalData(model: Model, lookup: (location: string) => Uint8Array | undefined): Model {
  if (!tensorsOf(model).some(isExternal)) return model;
  const result = copy(model);
  for (const tensor of tensorsOf(result)) {
    if (!isExternal(tensor)) continue;
    const { location, offset, length } = placeOf(tensor);
    const bytes = lookup(location);
    if (!bytes) {
      throw new ModelError(
        `tensor "${tensor.name}" lies in the file "${location}", which is missing: it belongs beside the model file`,
      );
    }
    if (offset + length > bytes.length) {
      throw new ModelError(
        `tensor "${tensor.name}" lies at bytes ${offset} to ${offset + length} of "${location}", which has ${bytes.length}`,
      );
    }
    tensor.rawData = bytes.subarray(offset, offset + length);
    tensor.externalData = [];
    clearField(tensor, TensorProtoSchema.field.dataLocation);
  }
  return result;
}

/** Elements that an engine may need while it loads the graph, such as shapes, stay inside it. */
const fewBytes = 4096;

/**
 * The model with its large initializers outside, and these by their locations: what an engine takes beside the graph, so
 * that no file with all of them is ever made. The elements are shared with `model`.
 */
export function apart(model: Model): { model: Model; weights: Map<string, Uint8Array> } {
  const result = copy(model);
  const weights = new Map<string, Uint8Array>();
  for (const [index, tensor] of result.graph.initializer.entries()) {
    const { rawData } = tensor;
    if (rawData.length <= fewBytes) continue;
    const location = `initializer-${index}`;
    weights.set(location, rawData);
    clearField(tensor, TensorProtoSchema.field.rawData);
    tensor.dataLocation = Location.EXTERNAL;
    tensor.externalData = Object.entries({ location, offset: '0', length: String(rawData.length) }).map(
      ([key, value]) => create(StringStringEntryProtoSchema, { key, value }),
    );
  }
  return { model: result, weights };
}
