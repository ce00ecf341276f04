import type { Axes, Axis, Regrouping } from './axes.ts';
import { Coupling } from './coupling.ts';

/** More entries than this over all axes of a graph are not followed: the longest axes stay then. */
const most = 2 ** 22;

/** The coupling of single entries of axes: which channels go together, wherever they are met. */
export class Entries {
  readonly #axes: Axes;
  readonly #first = new Map<Axis, number>();
  readonly #coupling: Coupling;
  /** One axis of each set of axes that are the same. */
  readonly axes: Axis[];

  constructor(axes: Axes) {
    this.#axes = axes;
    this.axes = [...new Set(Array.from({ length: axes.coupling.size }, (_, axis) => axes.coupling.find(axis)))];
    let next = 0;
    for (const axis of this.axes.toSorted((a, b) => axes.size(a) - axes.size(b))) {
      if (axes.coupling.reason(axis) || next + axes.size(axis) > most) {
        // One entry stands for an axis that stays anyway.
        axes.freeze(axis, 'the graph has more channels than are followed');
        this.#first.set(axis, next++);
      } else {
        this.#first.set(axis, next);
        next += axes.size(axis);
      }
    }
    this.#coupling = new Coupling(next);
    for (const axis of this.axes) {
      const reason = axes.coupling.reason(axis);
      if (reason) this.#coupling.freeze(this.at(axis, 0), reason);
    }
    for (const { axis, index, reason } of axes.frozenEntries) this.#coupling.freeze(this.at(axis, index), reason);
    for (const { a, b, count, from, to } of axes.pairings) {
      for (let k = 0; k < count; k++) this.#coupling.unite(this.at(a, from(k)), this.at(b, to(k)));
    }
    for (const regrouping of axes.regroupings) this.#regroup(regrouping);
  }

  at(axis: Axis, index: number): number {
    const root = this.#axes.coupling.find(axis);
    return (this.#first.get(root) ?? 0) + (this.#axes.coupling.reason(root) ? 0 : index);
  }

  /** The set that an entry of an axis belongs to. */
  unit(axis: Axis, index: number): number {
    return this.#coupling.find(this.at(axis, index));
  }

  /** Why the entry must stay. */
  reason(axis: Axis, index: number): string | undefined {
    return this.#coupling.reason(this.at(axis, index));
  }

  #freeze(axis: Axis | undefined, reason: string): void {
    if (axis === undefined) return;
    for (let index = 0; index < this.#axes.size(axis); index++) this.#coupling.freeze(this.at(axis, index), reason);
  }

  #frozen(axis: Axis): boolean {
    for (let index = 0; index < this.#axes.size(axis); index++) if (!this.reason(axis, index)) return false;
    return true;
  }

  /**
   * One axis on each side carries what can be cut, the outermost that is free, and the others stay: heads × width of a
   * head is cut by heads, channels × height × width by channels.
   */
  #regroup({ inputs, outputs }: Regrouping): void {
    const sides = [inputs, outputs].map((side) => {
      const free = side.findIndex(({ axis }) => axis !== undefined && !this.#frozen(axis));
      const stride = side.slice(free + 1).reduce((product, { size }) => product * size, 1);
      return { side, free, stride };
    });
    for (const { side, free } of sides) {
      for (const [index, { axis }] of side.entries()) {
        if (index !== free) this.#freeze(axis, 'Reshape joins it with an axis that can be cut in its place');
      }
    }
    const [from, to] = sides;
    const a = from?.side[from.free];
    const b = to?.side[to.free];
    const elements = inputs.reduce((product, { size }) => product * size, 1);
    const step = Math.min(from?.stride ?? 1, to?.stride ?? 1);
    // Both indices are constant over `step` elements only where the larger stride is a multiple of the smaller.
    const jump = Math.max(from?.stride ?? 1, to?.stride ?? 1) % step === 0 ? step : 1;
    if (a?.axis === undefined || b?.axis === undefined || !from || !to || elements / jump > most) {
      for (const one of [a, b]) this.#freeze(one?.axis, 'Reshape joins it with axes that must stay');
      return;
    }
    for (let flat = 0; flat < elements; flat += jump) {
      const [left, right] = [Math.floor(flat / from.stride) % a.size, Math.floor(flat / to.stride) % b.size];
      this.#coupling.unite(this.at(a.axis, left), this.at(b.axis, right));
    }
  }
}
