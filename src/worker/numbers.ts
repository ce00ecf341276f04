import { DataType } from '../core/onnx/tensor-data/element-types.ts';
import { decoderOf } from '../core/onnx/tensor-data/small-floats.ts';
import type { Tensor } from '../engines/engine.ts';

const half = decoderOf(DataType.FLOAT16);
/** Every half there is, by its code: half a megabyte once, instead of a computation an element. */
let halves: Float32Array | undefined;

/** The elements of a tensor of any type as plain numbers; 64-bit integers lose what is beyond 2^53. */
export function numbersOf({ type, data }: Tensor): ArrayLike<number> & Iterable<number> {
  if (data instanceof BigInt64Array) return Float64Array.from(data, Number);
  if (type !== 'FP16') return data;
  halves ??= Float32Array.from({ length: 65_536 }, (_, code) => half?.(code) ?? Number.NaN);
  const values = halves;
  return Float32Array.from(data, (code) => values[code] ?? Number.NaN);
}
