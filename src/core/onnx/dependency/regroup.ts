import { type Dim, isKnown, type Shape, sameDim } from '../shapes/dims.ts';

/** Axes of two shapes, by number, that hold the same elements in the same order. */
export interface Regrouped {
  inputs: number[];
  outputs: number[];
}

/**
 * Walks two lists of axes until as many elements lie behind on either side; sizes that are not known end the walk, but
 * for one of the same name on both sides. Row-major order makes each such stretch a regrouping of its own.
 */
function walk(input: Shape, output: Shape, a: number[], b: number[]): Regrouped[] {
  const result: Regrouped[] = [];
  while (a.length > 0 && b.length > 0) {
    const [x, y] = [input[a[0] ?? 0] as Dim, output[b[0] ?? 0] as Dim];
    if (sameDim(x, y) && !isKnown(x)) {
      result.push({ inputs: [a.shift() as number], outputs: [b.shift() as number] });
      continue;
    }
    const found = stretch(input, output, a, b);
    if (!found) break;
    a.splice(0, found.inputs.length);
    b.splice(0, found.outputs.length);
    result.push(found);
  }
  return result;
}

function stretch(input: Shape, output: Shape, a: readonly number[], b: readonly number[]): Regrouped | undefined {
  const found: Regrouped = { inputs: [], outputs: [] };
  let [left, right] = [1, 1];
  while (left !== right || found.inputs.length === 0 || found.outputs.length === 0) {
    const behind = left < right || (left === right && found.inputs.length === 0);
    const [axes, side, shape] = behind ? [a, found.inputs, input] : [b, found.outputs, output];
    const axis = axes[side.length];
    const size = axis === undefined ? undefined : shape[axis];
    if (axis === undefined || size === undefined || !isKnown(size) || size === 0) return undefined;
    side.push(axis);
    if (behind) left *= size;
    else right *= size;
  }
  return found;
}

/** The stretches of axes that a Reshape regroups, from the last axis on and then from the first. */
export function regroupedAxes(input: Shape, output: Shape): Regrouped[] {
  const a = input.map((_, axis) => axis).reverse();
  const b = output.map((_, axis) => axis).reverse();
  const last = walk(input, output, a, b);
  const first = walk(input, output, a.reverse(), b.reverse());
  const ascending = (axes: number[]) => axes.toSorted((x, y) => x - y);
  return [...last, ...first].map(({ inputs, outputs }) => ({ inputs: ascending(inputs), outputs: ascending(outputs) }));
}
