import type { TensorProto } from '../model.ts';
import { TensorProto_DataLocation as Location } from '../proto/gen/onnx_pb.js';
import { bitsOf, DataType, isInteger } from '../tensor-data/element-types.ts';
import { elementCount, elements } from '../tensor-data/elements.ts';
import { mostElements, type Value, value } from './value.ts';

/** Floats matter to shapes only as scales and the ends of ranges. */
const mostFloats = 64;
const complex = new Set<number>([DataType.COMPLEX64, DataType.COMPLEX128]);

/** What a constant tensor says of itself, with its elements where they are few. Throws ModelError when it is damaged. */
export function tensorValue(tensor: TensorProto): Value {
  const { dataType: type, dataLocation } = tensor;
  const size = elementCount(tensor);
  const shape = tensor.dims.map(Number);
  const most = isInteger(type) ? mostElements : mostFloats;
  const readable = bitsOf(type) !== undefined && !complex.has(type) && dataLocation !== Location.EXTERNAL;
  if (size > most || !readable) return value(type, shape);
  return value(type, shape, Array.from<number | bigint, number>(elements(tensor), Number));
}
