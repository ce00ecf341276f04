import { makeNode, setInitializer } from '../../graph.ts';
import { type Shape, sameDim } from '../../shapes/dims.ts';
import { tensor } from '../../tensors.ts';
import { freshName } from '../../wiring.ts';
import type { View } from './view.ts';

/** What is done to scores before their Softmax, besides scaling. */
export interface Mask {
  /** Added to the scores; or where it is false, they are replaced by `hidden`; where true if `inverted`. */
  name: string;
  hidden?: number;
  inverted?: boolean;
}

/**
 * Scores that are replaced by a number above this one can still weigh something, and adding is then not the same as
 * replacing.
 */
export const leastHidden = -1e8;

/** Whether the mask broadcasts to the scores [batch, heads, queries, keys] and makes them no larger. */
export function fitsScores(view: View, { name }: Mask, of: string): boolean {
  const [mask, scores] = [view.shape(name), view.shape(of)];
  if (!mask || scores?.length !== 4 || mask.length > 4 || mask.length === 0) return false;
  const sizes: Shape = [...Array<number>(4 - mask.length).fill(1), ...mask];
  // The kernel takes one row for all batches or heads, but wants every key.
  return sizes.every((size, axis) => (size === 1 && axis < 3) || sameDim(size, scores[axis] ?? '?'));
}

/** Writes the masks of a model as MultiHeadAttention takes them, each once. */
export class MaskWriter {
  readonly #view: View;
  readonly #made = new Map<string, string>();

  constructor(view: View) {
    this.#view = view;
  }

  #once(key: string, make: () => string): string {
    const found = this.#made.get(key) ?? make();
    this.#made.set(key, found);
    return found;
  }

  #node(operator: string, stem: string, inputs: string[], attributes: Parameters<typeof makeNode>[4] = {}): string {
    const { graph } = this.#view.model;
    const output = freshName(graph, stem);
    graph.node.push(makeNode(operator, output, inputs, [output], attributes));
    return output;
  }

  #constant(stem: string, data: BigInt64Array | Float32Array, shape: readonly number[]): string {
    const { graph } = this.#view.model;
    return this.#once(`constant ${stem} ${data} ${shape}`, () => {
      const name = freshName(graph, stem);
      setInitializer(graph, tensor(name, data, shape));
      return name;
    });
  }

  /** The number of queries as a tensor of one element; `query` is [batch, queries, width]. */
  #queries(query: string, size: unknown): string {
    if (typeof size === 'number') return this.#constant('attention.queries', BigInt64Array.of(BigInt(size)), [1]);
    return this.#once(`queries ${size === '?' ? query : size}`, () => {
      const all = this.#node('Shape', `${query}.shape`, [query]);
      return this.#node('Gather', `${query}.queries`, [
        all,
        this.#constant('attention.axis', BigInt64Array.of(1n), [1]),
      ]);
    });
  }

  #additive({ name, hidden, inverted }: Mask): string {
    if (hidden === undefined) return name;
    return this.#once(`additive ${name} ${hidden} ${inverted}`, () => {
      const [shown, away] = [0, hidden].map((value) => this.#constant('attention.mask', Float32Array.of(value), []));
      const [first = '', second = ''] = inverted ? [away, shown] : [shown, away];
      return this.#node('Where', `${name}.additive`, [name, first, second]);
    });
  }

  #ofRank4(name: string, source: string, rank: number): string {
    if (rank === 4) return name;
    return this.#once(`rank ${name}`, () => {
      const axes = Array.from({ length: 4 - rank }, (_, axis) => axis);
      if (this.#view.opset < 13) return this.#node('Unsqueeze', `${source}.rank4`, [name], { axes });
      const constant = this.#constant('attention.axes', BigInt64Array.from(axes, BigInt), [axes.length]);
      return this.#node('Unsqueeze', `${source}.rank4`, [name, constant]);
    });
  }

  /** The mask as [1 or batch, 1 or heads, queries, keys] to be added; `query` is [batch, queries, width]. */
  write(mask: Mask, query: string): string {
    const shape = this.#view.shape(mask.name) ?? [];
    const wide = this.#ofRank4(this.#additive(mask), mask.name, shape.length);
    const queries = this.#view.shape(query)?.[1] ?? '?';
    const own = shape.at(-2);
    if (own !== undefined && (own !== 1 || queries === 1)) return wide;
    const size = this.#queries(query, queries);
    return this.#once(`wide ${wide} ${size}`, () => {
      const one = this.#constant('attention.one', BigInt64Array.of(1n), [1]);
      const target = this.#node('Concat', `${wide}.target`, [one, one, size, one], { axis: 0 });
      return this.#node('Expand', `${wide}.expanded`, [wide, target]);
    });
  }
}
