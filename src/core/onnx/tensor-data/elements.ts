import { isFieldSet } from '@bufbuild/protobuf';
import { ModelError } from '../model.ts';
import { TensorProto_DataLocation as Location, type TensorProto, TensorProtoSchema } from '../proto/gen/onnx_pb.js';
import { bitsOf, bytesFor, DataType, isInteger, typeName } from './element-types.ts';
import { decoderOf } from './small-floats.ts';

export type Numbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

const named = ({ name }: TensorProto) => (name ? `tensor "${name}"` : 'a tensor');

/** Whether the elements stand in `raw_data`: an absent field reads as empty bytes too. */
export const hasRawData = (tensor: TensorProto): boolean => isFieldSet(tensor, TensorProtoSchema.field.rawData);

/** How many elements the dimensions name. Throws ModelError when one is negative or they exceed 2^53. */
export function elementCount(tensor: TensorProto): number {
  let product = 1;
  for (const size of tensor.dims) {
    if (size < 0n) throw new ModelError(`${named(tensor)} has the negative dimension ${size}`);
    product *= Number(size);
  }
  if (!Number.isSafeInteger(product)) throw new ModelError(`${named(tensor)} names more than 2^53 elements`);
  return product;
}

const plain: Record<number, { make: new (data: ArrayBuffer) => Numbers; field: 'int32Data' | 'uint64Data' }> = {
  [DataType.INT8]: { make: Int8Array, field: 'int32Data' },
  [DataType.UINT8]: { make: Uint8Array, field: 'int32Data' },
  [DataType.BOOL]: { make: Uint8Array, field: 'int32Data' },
  [DataType.INT16]: { make: Int16Array, field: 'int32Data' },
  [DataType.UINT16]: { make: Uint16Array, field: 'int32Data' },
  [DataType.INT32]: { make: Int32Array, field: 'int32Data' },
  [DataType.UINT32]: { make: Uint32Array, field: 'uint64Data' },
  [DataType.UINT64]: { make: BigUint64Array, field: 'uint64Data' },
};

function fromRaw(tensor: TensorProto, size: number): Numbers {
  const { dataType: type, rawData } = tensor;
  const expected = bytesFor(type, size);
  if (rawData.length !== expected) {
    throw new ModelError(
      `${named(tensor)} holds ${rawData.length} bytes, but ${size} elements of ${typeName(type)} take ${expected}`,
    );
  }
  // A view of the file may be misaligned for its elements; a copy never is.
  const { buffer } = new Uint8Array(rawData);
  if (type === DataType.FLOAT || type === DataType.COMPLEX64) return new Float32Array(buffer);
  if (type === DataType.DOUBLE || type === DataType.COMPLEX128) return new Float64Array(buffer);
  if (type === DataType.INT64) return new BigInt64Array(buffer);
  const kind = plain[type];
  return kind ? new kind.make(buffer) : decoded(type, rawData, size);
}

/** Elements of fewer than 32 bits from their packed codes, least significant bits first. */
function decoded(type: number, packed: Uint8Array, size: number): Numbers {
  const bits = bitsOf(type) ?? 8;
  const decode = decoderOf(type);
  if (!decode) throw new ModelError(`elements of ${typeName(type)} can not be read`);
  const result = isInteger(type) ? new Int8Array(size) : new Float32Array(size);
  for (let index = 0; index < size; index++) {
    const start = index * bits;
    const byte = Math.floor(start / 8);
    const window = (packed[byte] ?? 0) | ((packed[byte + 1] ?? 0) << 8);
    result[index] = decode((window >> (start % 8)) & (2 ** bits - 1));
  }
  return result;
}

function typedField(tensor: TensorProto): Numbers {
  const { dataType: type, int32Data } = tensor;
  if (type === DataType.FLOAT || type === DataType.COMPLEX64) return Float32Array.from(tensor.floatData);
  if (type === DataType.DOUBLE || type === DataType.COMPLEX128) return Float64Array.from(tensor.doubleData);
  if (type === DataType.INT64) return BigInt64Array.from(tensor.int64Data);
  if (type === DataType.UINT64) return BigUint64Array.from(tensor.uint64Data);
  if (type === DataType.UINT32) return Uint32Array.from(tensor.uint64Data, Number);
  const kind = plain[type];
  if (kind) return integersOf(kind.make, int32Data);
  const bits = bitsOf(type) ?? 8;
  if (bits === 4 || bits === 2) return decoded(type, Uint8Array.from(int32Data), (int32Data.length * 8) / bits);
  const decode = decoderOf(type);
  if (!decode) throw new ModelError(`${named(tensor)} is of ${typeName(type)}, which can not be read`);
  return Float32Array.from(int32Data, (code) => decode(code & (2 ** bits - 1)));
}

function integersOf(make: new (data: ArrayBuffer) => Numbers, values: readonly number[]): Numbers {
  const wide = Int32Array.from(values);
  const result = new make(new ArrayBuffer(wide.length * (new make(new ArrayBuffer(0)).BYTES_PER_ELEMENT ?? 4)));
  for (const [index, value] of wide.entries()) (result as Int32Array)[index] = value;
  return result;
}

/**
 * The elements of a tensor, row-major, in an array of their own: 64-bit integers as bigints, complex numbers as pairs,
 * INT4 and INT2 as Int8Array, all floats below 32 bits as Float32Array, BOOL as 0 and 1 (onnx.proto, TensorProto).
 * Throws ModelError for strings, for elements that lie in another file, and when count and data disagree.
 */
export function elements(tensor: TensorProto): Numbers {
  if (tensor.dataLocation === Location.EXTERNAL) throw new ModelError(`${named(tensor)} lies outside the model file`);
  if (bitsOf(tensor.dataType) === undefined) {
    throw new ModelError(`${named(tensor)} is of ${typeName(tensor.dataType)}, which holds no numbers`);
  }
  const size = elementCount(tensor);
  if (hasRawData(tensor)) return fromRaw(tensor, size);
  const result = typedField(tensor);
  const complex = tensor.dataType === DataType.COMPLEX64 || tensor.dataType === DataType.COMPLEX128;
  const expected = complex ? size * 2 : size;
  // Packed types may fill up the last byte.
  const packing = 8 / Math.min(bitsOf(tensor.dataType) ?? 8, 8);
  if (result.length === expected) return result;
  if (packing > 1 && result.length === Math.ceil(expected / packing) * packing) return result.subarray(0, expected);
  throw new ModelError(`${named(tensor)} holds ${result.length} elements, but its dimensions name ${expected}`);
}

/** The strings of a STRING tensor. Throws ModelError for any other type. */
export function strings(tensor: TensorProto): string[] {
  if (tensor.dataType !== DataType.STRING) throw new ModelError(`${named(tensor)} is not STRING`);
  return tensor.stringData.map((bytes) => new TextDecoder().decode(bytes));
}
