import { makeNode, setInitializer } from '../../graph.ts';
import { isKnown, type Shape, sameDim } from '../../shapes/dims.ts';
import { tensor } from '../../tensors.ts';
import { freshName } from '../../wiring.ts';
import { intOf, intsOf, type View } from './view.ts';

/** Queries, keys and values as one product makes them: [batch, sequence, 3·heads·size], as ViTs are often exported. */
export interface Packed {
  source: string;
  /** Which third. */
  part: number;
  heads: number;
  size: number;
  /** The axis of [batch, sequence, heads, size] that each axis of the third is. */
  axes: number[];
}

/** The value that `name` is one of three along its first axis of, and which. */
function thirdOf(view: View, name: string): { all: string; part: number } | undefined {
  const gather = view.maker(name, 'Gather');
  if (gather) {
    const index = view.value(gather.input[1]);
    const [part] = index?.elements ?? [];
    const scalar = index?.shape?.length === 0 && intOf(gather, 'axis', 0) === 0;
    return scalar && Number.isInteger(part) ? { all: gather.input[0] ?? '', part: Number(part) } : undefined;
  }
  const squeeze = view.maker(name, 'Squeeze');
  const axes = squeeze?.input[1] ? view.value(squeeze.input[1])?.elements : squeeze && intsOf(squeeze, 'axes');
  const [made = ''] = squeeze?.input ?? [];
  const split = axes?.length === 1 && axes[0] === 0 ? view.maker(made, 'Split') : undefined;
  const even = split?.output.every((each) => view.shape(each)?.[0] === 1);
  if (!split || !even || intOf(split, 'axis', 0) !== 0 || !view.wiring.onlyReader(made)) return undefined;
  return { all: split.input[0] ?? '', part: split.output.indexOf(made) };
}

function isPacked(flat: Shape | undefined, apart: Shape | undefined, target?: readonly unknown[]): boolean {
  if (flat?.length !== 3 || apart?.length !== 5 || apart[2] !== 3) return false;
  const [heads = 0, size = 0] = [apart[3], apart[4]];
  if (!isKnown(heads) || !isKnown(size) || heads * size === 0 || flat[2] !== 3 * heads * size) return false;
  return [0, 1].some((axis) => target?.[axis] === 0 || sameDim(flat[axis] ?? '?', apart[axis] ?? '?'));
}

/** A third of what is reshaped to [batch, sequence, 3, heads, size] and turned so that the thirds come first. */
export function packedOf(view: View, name: string): Packed | undefined {
  const third = thirdOf(view, name);
  const turned = third && view.maker(third.all, 'Transpose');
  const reshape = turned && view.wiring.onlyReader(turned.input[0]) && view.maker(turned.input[0], 'Reshape');
  if (!third || !turned || !reshape) return undefined;
  const [source = '', target] = reshape.input;
  const apart = view.shape(reshape.output[0]);
  const kept = intOf(reshape, 'allowzero', 0) === 0 ? view.value(target)?.elements : undefined;
  const [first, ...rest] = intsOf(turned, 'perm');
  const part = third.part < 0 ? third.part + 3 : third.part;
  if (first !== 2 || ![0, 1, 2].includes(part) || !isPacked(view.shape(source), apart, kept)) return undefined;
  const axes = rest.map((axis) => (axis > 2 ? axis - 1 : axis));
  return { source, part, heads: Number(apart?.[3]), size: Number(apart?.[4]), axes };
}

/** Writes the thirds of packed values, for each value once. */
export class Thirds {
  readonly #view: View;
  readonly #made = new Map<string, string[]>();

  constructor(view: View) {
    this.#view = view;
  }

  of(source: string, part: number): string {
    const found = this.#made.get(source) ?? this.#split(source);
    this.#made.set(source, found);
    return found[part] ?? '';
  }

  #split(source: string): string[] {
    const { model, opset } = this.#view;
    const { graph } = model;
    const width = Number(this.#view.shape(source)?.[2]) / 3;
    const names = ['query', 'key', 'value'].map((each) => freshName(graph, `${source}.${each}`));
    const name = freshName(graph, `${source}.thirds`);
    const sizes = [width, width, width];
    if (opset < 13) graph.node.push(makeNode('Split', name, [source], names, { axis: 2, split: sizes }));
    else {
      const constant = freshName(graph, `${source}.third_sizes`);
      setInitializer(graph, tensor(constant, BigInt64Array.from(sizes, BigInt), [3]));
      graph.node.push(makeNode('Split', name, [source, constant], names, { axis: 2 }));
    }
    return names;
  }
}
