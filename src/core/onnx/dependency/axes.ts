import type { Value } from '../shapes/value.ts';
import { Coupling } from './coupling.ts';

/** One axis of one value of a graph, by number. */
export type Axis = number;

/** Entry `from(k)` of one axis goes with entry `to(k)` of another, for each `k` below `count`. */
export interface Pairing {
  a: Axis;
  b: Axis;
  count: number;
  from(k: number): number;
  to(k: number): number;
}

/** Axes of two shapes that hold the same elements in the same order: what a Reshape regroups. */
export interface Regrouping {
  inputs: readonly RegroupedAxis[];
  outputs: readonly RegroupedAxis[];
}
export interface RegroupedAxis {
  axis: Axis | undefined;
  size: number;
}

/** Longer axes are not looked at: nobody prunes a dimension of a million. */
const longest = 2 ** 20;

/** What the operators of a graph say of its axes: which are the same, which go together entry by entry, which must stay. */
export class Axes {
  readonly #values: ReadonlyMap<string, Value>;
  readonly #numbers = new Map<string, Axis>();
  readonly #sizes: number[] = [];
  readonly coupling = new Coupling();
  readonly pairings: Pairing[] = [];
  readonly regroupings: Regrouping[] = [];
  readonly frozenEntries: { axis: Axis; index: number; reason: string }[] = [];
  /** Axes over which two activations are multiplied matrix by matrix: those of attention heads. */
  readonly batched: Axis[] = [];

  constructor(values: ReadonlyMap<string, Value>) {
    this.#values = values;
  }

  /** Undefined where the size is 1 or not known: such an axis can't be cut. */
  at(value: string, axis: number): Axis | undefined {
    const size = this.#values.get(value)?.shape?.[axis];
    if (typeof size !== 'number' || size < 2) return undefined;
    const key = `${axis} ${value}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const added = this.coupling.add();
    this.#numbers.set(key, added);
    this.#sizes[added] = size;
    if (size > longest) this.coupling.freeze(added, `an axis of ${size} is too long`);
    return added;
  }

  size(axis: Axis): number {
    return this.#sizes[axis] ?? 0;
  }

  freeze(axis: Axis | undefined, reason: string): void {
    if (axis !== undefined) this.coupling.freeze(axis, reason);
  }

  /** Entry by entry the same; an axis that meets one of unknown or other size must stay. */
  same(a: Axis | undefined, b: Axis | undefined): void {
    if (a !== undefined && b !== undefined && this.size(a) === this.size(b)) this.coupling.unite(a, b);
    else for (const axis of [a, b]) this.freeze(axis, 'it meets an axis whose size is not known to be the same');
  }
}
