import { unzipSync, zipSync } from 'fflate';
import type { DataType, Tensor } from '../engines/engine.ts';
import { WorkerError } from './failure.ts';

/** NumPy's type codes (numpy.lib.format, version 1.0 to 3.0) and how their elements are read. */
const types: Record<string, { type: DataType; read: (buffer: ArrayBuffer) => Tensor['data'] }> = {
  '<f4': { type: 'FP32', read: (buffer) => new Float32Array(buffer) },
  '<f8': { type: 'FP32', read: (buffer) => Float32Array.from(new Float64Array(buffer)) },
  '<f2': { type: 'FP16', read: (buffer) => new Uint16Array(buffer) },
  '|u1': { type: 'UINT8', read: (buffer) => new Uint8Array(buffer) },
  '|i1': { type: 'INT8', read: (buffer) => new Int8Array(buffer) },
  '|b1': { type: 'BOOL', read: (buffer) => new Uint8Array(buffer) },
  '<i4': { type: 'INT32', read: (buffer) => new Int32Array(buffer) },
  '<i8': { type: 'INT64', read: (buffer) => new BigInt64Array(buffer) },
};
const codes = { FP32: '<f4', FP16: '<f2', UINT8: '|u1', INT8: '|i1', BOOL: '|b1', INT32: '<i4', INT64: '<i8' };

function readArray(name: string, file: Uint8Array): Tensor {
  const invalid = (why: string) => new WorkerError('DataInvalid', `array "${name}" of the data set ${why}`);
  if (file.length < 12 || file[0] !== 0x93) throw invalid('is no .npy array');
  const view = new DataView(file.buffer, file.byteOffset);
  const start = file[6] === 1 ? 10 : 12;
  const length = file[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder().decode(file.subarray(start, start + length));
  const [, code = ''] = /'descr': '([^']+)'/.exec(header) ?? [];
  const element = types[code];
  if (!element) throw invalid(`has element type ${code}: save it as one of ${Object.keys(types).join(', ')}`);
  if (/'fortran_order': True/.test(header)) throw invalid('is in Fortran order: save np.ascontiguousarray of it');
  const [, sizes = ''] = /'shape': \(([^)]*)\)/.exec(header) ?? [];
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter(Boolean)
    .map(Number);
  // A copy is aligned for every element type; a view into the archive need not be.
  const data = element.read(new Uint8Array(file.subarray(start + length)).buffer);
  if (data.length !== shape.reduce((product, size) => product * size, 1)) throw invalid('is truncated');
  return { type: element.type, shape, data };
}

/** The arrays of an .npz file (np.savez or np.savez_compressed) by name. Throws WorkerError DataInvalid. */
export function readNpz(bytes: Uint8Array): Record<string, Tensor> {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes);
  } catch (cause) {
    throw new WorkerError('DataInvalid', 'the data set is not an .npz file: write it with numpy.savez_compressed', {
      cause,
    });
  }
  const arrays = Object.entries(files).filter(([name]) => name.endsWith('.npy'));
  return Object.fromEntries(arrays.map(([name, file]) => [name.slice(0, -4), readArray(name.slice(0, -4), file)]));
}

function writeArray({ type, shape, data }: Tensor): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${codes[type]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new TextEncoder().encode(`${text.padEnd(length - 1)}\n`);
  const magic = [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, length & 255, length >> 8];
  const file = new Uint8Array(magic.length + header.length + data.byteLength);
  file.set(magic);
  file.set(header, magic.length);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), magic.length + header.length);
  return file;
}

/** Arrays as an .npz file; the same arrays always give the same bytes. */
export function writeNpz(arrays: Record<string, Tensor>): Uint8Array {
  const files = Object.entries(arrays).map(([name, tensor]) => [`${name}.npy`, writeArray(tensor)]);
  return zipSync(Object.fromEntries(files), { level: 6, mtime: '1980-01-01T00:00:00' });
}
