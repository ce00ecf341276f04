import { TensorProto_DataType as DataType } from '../proto/gen/onnx_pb.js';

export { DataType };

/** Bits of one element as `raw_data` packs it (onnx.proto); strings have no size of their own. */
const bitsByType: Record<number, number> = {
  [DataType.FLOAT]: 32,
  [DataType.UINT8]: 8,
  [DataType.INT8]: 8,
  [DataType.UINT16]: 16,
  [DataType.INT16]: 16,
  [DataType.INT32]: 32,
  [DataType.INT64]: 64,
  [DataType.BOOL]: 8,
  [DataType.FLOAT16]: 16,
  [DataType.DOUBLE]: 64,
  [DataType.UINT32]: 32,
  [DataType.UINT64]: 64,
  [DataType.COMPLEX64]: 64,
  [DataType.COMPLEX128]: 128,
  [DataType.BFLOAT16]: 16,
  [DataType.FLOAT8E4M3FN]: 8,
  [DataType.FLOAT8E4M3FNUZ]: 8,
  [DataType.FLOAT8E5M2]: 8,
  [DataType.FLOAT8E5M2FNUZ]: 8,
  [DataType.UINT4]: 4,
  [DataType.INT4]: 4,
  [DataType.FLOAT4E2M1]: 4,
  [DataType.FLOAT8E8M0]: 8,
  [DataType.UINT2]: 2,
  [DataType.INT2]: 2,
  [DataType.FLOAT6E2M3]: 6,
  [DataType.FLOAT6E3M2]: 6,
};

/** Bits of one element; undefined for STRING, UNDEFINED and numbers that this version of ONNX does not name. */
export const bitsOf = (type: number): number | undefined => bitsByType[type];

/** Bytes that `elements` of `type` take when packed; 0 where the type has no fixed size. */
export const bytesFor = (type: number, elements: number): number => Math.ceil((elements * (bitsOf(type) ?? 0)) / 8);

/** The type's name in onnx.proto, such as `FLOAT16`. */
export const typeName = (type: number): string => DataType[type] ?? `type ${type}`;

const integers = new Set<number>([
  ...[DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64, DataType.UINT8, DataType.UINT16],
  ...[DataType.UINT32, DataType.UINT64, DataType.BOOL, DataType.INT4, DataType.UINT4, DataType.INT2, DataType.UINT2],
]);

export const isInteger = (type: number): boolean => integers.has(type);
