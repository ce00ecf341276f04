import type { NodeProto } from '../../model.ts';
import { isKnown, type Shape, sameDim } from '../../shapes/dims.ts';
import { packedOf } from './packed.ts';
import { scaledBy } from './scale.ts';
import { intOf, intsOf, sameOrder, type View } from './view.ts';

/** An operand of a product inside attention, followed back to where heads were not yet apart. */
export interface Operand {
  /** [batch, sequence, heads·size]. */
  source: string;
  /** Which third of the source, where that is [batch, sequence, 3·heads·size]. */
  part?: number;
  heads: number;
  size: number;
  /** What the operand was multiplied by on the way. */
  scale: number;
  /** [batch, heads, sequence, size] of earlier steps that stands before what is made now, and both together. */
  past?: { past: string; present: string };
}

/** Whether [batch, sequence, heads·size] and [batch, sequence, heads, size] are the same elements in the same order. */
export function splitsHeads(flat: Shape | undefined, apart: Shape | undefined, target?: readonly unknown[]): boolean {
  if (flat?.length !== 3 || apart?.length !== 4) return false;
  const [width = 0, heads = 0, size = 0] = [flat[2], apart[2], apart[3]];
  if (!isKnown(width) || !isKnown(heads) || !isKnown(size) || heads * size !== width || width === 0) return false;
  // With one of the two axes the other is the same too, since the number of elements is.
  return [0, 1].some((axis) => target?.[axis] === 0 || sameDim(flat[axis] ?? '?', apart[axis] ?? '?'));
}

/** How the axes [batch, sequence, heads, size] stand in the operand, and in what it is made of behind the past. */
const orders = {
  /** Queries and values: [batch, heads, sequence, size]. */
  rows: { split: [0, 2, 1, 3], present: [0, 1, 2, 3] },
  /** Keys: [batch, heads, size, sequence]. */
  columns: { split: [0, 2, 3, 1], present: [0, 1, 3, 2] },
} as const;

/** Follows Mul and Div by a number, Transpose, and one Concat with the past back to the Reshape that sets heads apart. */
export function operandOf(view: View, name: string, order: keyof typeof orders): Operand | undefined {
  const { wiring } = view;
  let at = name;
  // Axis i of the operand is axis `axes[i]` of `at`.
  let axes: number[] = [0, 1, 2, 3];
  let scale = 1;
  let past: Operand['past'];
  const seen = new Set<NodeProto>();
  for (;;) {
    const node = wiring.maker(at);
    if (!node || seen.has(node)) return undefined;
    seen.add(node);
    const concat = view.maker(at, 'Concat');
    if (!concat && !wiring.onlyReader(at)) return undefined;
    const scaled = scaledBy(view, at);
    if (scaled) {
      // Scaled before it joins the past: the present would be another one.
      if (past) return undefined;
      scale *= scaled.factor;
      at = scaled.input;
    } else if (concat) {
      const axis = intOf(concat, 'axis', 0);
      const fits = !past && concat.input.length === 2 && sameOrder(axes, orders[order].present);
      if (!fits || (axis !== 2 && axis !== -2)) return undefined;
      past = { past: concat.input[0] ?? '', present: at };
      at = concat.input[1] ?? '';
      axes = [...orders[order].present];
    } else if (view.maker(at, 'Transpose')) {
      const turned = intsOf(node, 'perm');
      if (turned.length !== 4) return undefined;
      axes = axes.map((axis) => turned[axis] ?? axis);
      at = node.input[0] ?? '';
    } else if (view.maker(at, 'Reshape')) {
      const [source = '', target] = node.input;
      const [flat, apart] = [view.shape(source), view.shape(at)];
      const kept = intOf(node, 'allowzero', 0) === 0 ? view.value(target)?.elements : undefined;
      if (!sameOrder(axes, orders[order].split) || !splitsHeads(flat, apart, kept)) return undefined;
      const [heads = 0, size = 0] = [Number(apart?.[2]), Number(apart?.[3])];
      return { source, heads, size, scale, ...(past && { past }) };
    } else {
      const packed = packedOf(view, at);
      const turned = axes.map((axis) => packed?.axes[axis] ?? axis);
      if (!packed || !sameOrder(turned, orders[order].split)) return undefined;
      const { source, part, heads, size } = packed;
      return { source, part, heads, size, scale, ...(past && { past }) };
    }
  }
}
