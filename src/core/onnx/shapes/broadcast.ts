import { type Dim, isKnown, type Shape, sameDim, showShape, unknownDim } from './dims.ts';
import type { Site } from './value.ts';

function broadcastDim(a: Dim, b: Dim): Dim | undefined {
  if (sameDim(a, b) || b === 1) return a;
  if (a === 1) return b;
  if (isKnown(a) && isKnown(b)) return undefined;
  // A size above 1 is the answer, whatever the other turns out to be.
  if (isKnown(a)) return a;
  return isKnown(b) ? b : unknownDim;
}

/**
 * Multidirectional broadcasting (ONNX Broadcasting.md): shapes are aligned at their last axis, and an axis of 1
 * stretches. Undefined when one of them is. Throws ModelError when they don't fit.
 */
export function broadcast(site: Site, shapes: readonly (Shape | undefined)[]): Shape | undefined {
  const present = shapes.filter((shape) => shape !== undefined);
  if (present.length < shapes.length) return undefined;
  const rank = Math.max(0, ...present.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1;
    for (const shape of present) {
      const at = axis - rank + shape.length;
      const next: Dim | undefined = at < 0 ? result : broadcastDim(result, shape[at] ?? 1);
      if (next === undefined) throw site.error(`shapes ${present.map(showShape).join(' and ')} can not be broadcast`);
      result = next;
    }
    return result;
  });
}
