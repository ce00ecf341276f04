import type { GraphProto } from '../model.ts';
import { unknownDim } from './dims.ts';

/**
 * Sizes for the dimensions that a graph's inputs leave open, from the shapes of tensors that it is fed; by the names that
 * `InferOptions.dims` takes. An input that is not fed binds nothing.
 */
export function boundDims(
  { input }: GraphProto,
  shapes: Readonly<Record<string, readonly number[]>>,
): Record<string, number> {
  const bound: Record<string, number> = {};
  for (const { name = '', type } of input) {
    if (type?.value.case !== 'tensorType' || !Object.hasOwn(shapes, name)) continue;
    for (const [axis, { value }] of (type.value.value.shape?.dim ?? []).entries()) {
      const size = shapes[name]?.[axis];
      if (size === undefined || (value.case === 'dimValue' && value.value !== -1n)) continue;
      const given = value.case === 'dimParam' && value.value !== unknownDim ? value.value : '';
      bound[given || `${name}.${axis}`] = size;
    }
  }
  return bound;
}
