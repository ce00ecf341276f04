import type { Dim } from './dims.ts';
import { mostElements } from './value.ts';

/** Row-major strides of a shape. */
export function strides(shape: readonly number[]): number[] {
  const result = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) result[axis] = (result[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return result;
}

export const flatIndex = (index: readonly number[], steps: readonly number[]): number =>
  index.reduce((total, position, axis) => total + position * (steps[axis] ?? 0), 0);

/**
 * One element for each index of `shape`, row-major; undefined when they are too many to follow, or when one is.
 */
export function fill(
  shape: readonly number[],
  element: (index: readonly number[]) => Dim | undefined,
): Dim[] | undefined {
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (!(size >= 0 && size <= mostElements)) return undefined;
  const index = shape.map(() => 0);
  const result: Dim[] = [];
  for (let position = 0; position < size; position++) {
    const found = element(index);
    if (found === undefined) return undefined;
    result.push(found);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (index[axis] !== 0) break;
    }
  }
  return result;
}

/** A reader of elements by index, where an axis of size 1 answers every index (multidirectional broadcasting). */
export function broadcastReader(
  shape: readonly number[],
  elements: readonly Dim[],
): (index: readonly number[]) => Dim | undefined {
  const steps = strides(shape).map((step, axis) => (shape[axis] === 1 ? 0 : step));
  return (index) => elements[flatIndex(index.slice(index.length - shape.length), steps)];
}
