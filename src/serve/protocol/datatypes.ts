import type { DataType, Tensor } from '../../engines/engine.ts';

type Elements = Tensor['data'];
interface ElementType {
  bytes: number;
  of(values: unknown[]): Elements;
  view(buffer: ArrayBuffer): Elements;
}

/** How the element types of the Open Inference Protocol lie in memory, little-endian and without gaps. */
export const elementTypes: Record<DataType, ElementType> = {
  FP32: { bytes: 4, of: (v) => Float32Array.from(v as number[]), view: (b) => new Float32Array(b) },
  FP16: { bytes: 2, of: (v) => Uint16Array.from(v as number[]), view: (b) => new Uint16Array(b) },
  INT8: { bytes: 1, of: (v) => Int8Array.from(v as number[]), view: (b) => new Int8Array(b) },
  UINT8: { bytes: 1, of: (v) => Uint8Array.from(v as number[]), view: (b) => new Uint8Array(b) },
  INT32: { bytes: 4, of: (v) => Int32Array.from(v as number[]), view: (b) => new Int32Array(b) },
  INT64: {
    bytes: 8,
    of: (v) => BigInt64Array.from(v as number[], (value) => BigInt(value)),
    view: (b) => new BigInt64Array(b),
  },
  BOOL: { bytes: 1, of: (v) => Uint8Array.from(v as number[], Number), view: (b) => new Uint8Array(b) },
};

/** Elements as JSON can carry them; 64-bit integers beyond 2^53 lose their last digits there, as in every JSON client. */
export const jsonValues = ({ type, data }: Tensor): (number | boolean)[] =>
  type === 'BOOL' ? Array.from(data, Boolean) : Array.from(data as Iterable<number | bigint>, Number);
