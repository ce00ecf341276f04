import { create } from '@bufbuild/protobuf';
import { ModelError, type TensorProto } from './model.ts';
import { TensorProto_DataType as DataType, TensorProtoSchema } from './proto/gen/onnx_pb.js';
import { elements } from './tensor-data/elements.ts';

export { DataType };

export const dims = ({ dims: sizes }: TensorProto): number[] => sizes.map(Number);
const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The elements of a FLOAT tensor, as a copy of its own. Throws ModelError for any other type. */
export function floats(tensor: TensorProto): Float32Array {
  if (tensor.dataType !== DataType.FLOAT) throw new ModelError(`initializer "${tensor.name}" is not FLOAT`);
  return elements(tensor) as Float32Array;
}

type Data = Float32Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;

function typeOf(data: Data): DataType {
  if (data instanceof Float32Array) return DataType.FLOAT;
  if (data instanceof Int8Array) return DataType.INT8;
  if (data instanceof Uint8Array) return DataType.UINT8;
  if (data instanceof Int32Array) return DataType.INT32;
  return DataType.INT64;
}

/** An initializer of `shape`, row-major, with a copy of `data`; no shape is a scalar. */
export const tensor = (name: string, data: Data, shape: readonly number[] = []): TensorProto =>
  adopted(name, data.slice(), shape);

/** Like `tensor`, without the copy: `data` is the tensor's from now on. */
export function adopted(name: string, data: Data, shape: readonly number[] = []): TensorProto {
  if (data.length !== count(shape)) throw new RangeError(`${name}: ${data.length} elements do not fill [${shape}]`);
  return create(TensorProtoSchema, {
    name,
    dataType: typeOf(data),
    dims: shape.map(BigInt),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
}

/** The entries `indices` along `axis` of a FLOAT tensor, in that order. Throws ModelError when one is not there. */
export function takeAxis(source: TensorProto, axis: number, indices: readonly number[]): TensorProto {
  const shape = dims(source);
  const extent = shape[axis] ?? 0;
  if (!indices.every((index) => index >= 0 && index < extent)) {
    throw new ModelError(
      `initializer "${source.name}" of shape [${shape}] can't be cut to [${indices}] on axis ${axis}`,
    );
  }
  const inner = count(shape.slice(axis + 1));
  const outer = count(shape.slice(0, axis));
  const values = floats(source);
  const result = new Float32Array(outer * indices.length * inner);
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const index of indices) {
      const start = (block * extent + index) * inner;
      result.set(values.subarray(start, start + inner), to);
      to += inner;
    }
  }
  return tensor(source.name ?? '', result, shape.with(axis, indices.length));
}

/** Elements `from..from+size` along `axis` of a FLOAT tensor. Throws ModelError when it is not that large. */
export function sliceAxis(source: TensorProto, axis: number, from: number, size: number): TensorProto {
  const shape = dims(source);
  const extent = shape[axis];
  if (extent === undefined || from < 0 || from + size > extent) {
    throw new ModelError(`initializer "${source.name}" of shape [${shape}] can't be cut to ${size} on axis ${axis}`);
  }
  const inner = count(shape.slice(axis + 1));
  const outer = count(shape.slice(0, axis));
  const values = floats(source);
  const result = new Float32Array(outer * size * inner);
  for (let block = 0; block < outer; block++) {
    const start = (block * extent + from) * inner;
    result.set(values.subarray(start, start + size * inner), block * size * inner);
  }
  return tensor(source.name ?? '', result, shape.with(axis, size));
}
