import type { NodeProto } from '../model.ts';
import { Site, type Value } from '../shapes/value.ts';
import type { Axes, Axis, RegroupedAxis } from './axes.ts';

/** Weights that mix what they read along one axis. */
export interface Consumer {
  node: NodeProto;
  /** The value read and its axis that is summed over. */
  input: string;
  axis: number;
  /** The FLOAT initializer and its axis of that sum. */
  weight: string;
  weightAxis: number;
  /** Blocks of the input axis that each meet weights of their own: those of a grouped Conv. */
  blocks: number;
  /**
   * Where a constant per output channel can be added: after Conv and Gemm in a bias input, after a MatMul in an Add.
   * `none` where what is cut doesn't add the same at every position: a Conv that pads, say.
   */
  bias: 'input' | 'add' | 'none';
}

/** Weights that make the entries of an axis. */
export interface Producer {
  node: NodeProto;
  axis: Axis;
}

/** What rules find besides the axes. */
export interface Mixers {
  consumers: Consumer[];
  producers: Producer[];
}

/** One node before the rule of its operator: its inputs' and outputs' axes, and what may be said of them. */
export class Operation extends Site {
  readonly outputs: readonly (Value | undefined)[];
  readonly graph: Axes;
  readonly mixers: Mixers;
  /** The FLOAT initializers of the graph. */
  readonly #weights: ReadonlySet<string>;

  constructor(
    node: NodeProto,
    opset: number,
    values: ReadonlyMap<string, Value>,
    axes: Axes,
    mixers: Mixers,
    weights: ReadonlySet<string>,
  ) {
    const read = (name: string) => (name ? (values.get(name) ?? { type: 0 }) : undefined);
    super(node, opset, node.input.map(read));
    this.outputs = node.output.map(read);
    this.graph = axes;
    this.mixers = mixers;
    this.#weights = weights;
  }

  in(index: number, axis: number): Axis | undefined {
    return this.graph.at(this.node.input[index] ?? '', axis);
  }

  out(index: number, axis: number): Axis | undefined {
    return this.graph.at(this.node.output[index] ?? '', axis);
  }

  rank(index = 0): number {
    return this.shape(index)?.length ?? 0;
  }

  outShape(index = 0) {
    return this.outputs[index]?.shape;
  }

  /** The input is a FLOAT initializer. */
  isWeight(index: number): boolean {
    return this.#weights.has(this.node.input[index] ?? '');
  }

  freezeInput(index: number, reason: string): void {
    for (let axis = 0; axis < this.rank(index); axis++) this.graph.freeze(this.in(index, axis), reason);
  }

  /** Nothing that the node reads or makes may be cut. */
  freezeAll(reason: string): void {
    this.inputs.forEach((_, index) => {
      this.freezeInput(index, reason);
    });
    this.outputs.forEach((value, index) => {
      value?.shape?.forEach((_, axis) => {
        this.graph.freeze(this.out(index, axis), reason);
      });
    });
  }

  /** Axis by axis, the first output is the first input, but for axes with a `reason` to stay. */
  through(reason: (axis: number) => string | undefined = () => undefined, input = 0): void {
    for (let axis = 0; axis < this.rank(input); axis++) {
      const why = reason(axis);
      if (why) for (const each of [this.in(input, axis), this.out(0, axis)]) this.graph.freeze(each, why);
      else this.graph.same(this.in(input, axis), this.out(0, axis));
    }
  }

  /** Inputs stretched to the first output as ONNX broadcasts, over its first `axes` axes. */
  broadcast(indices: readonly number[], axes = this.outShape()?.length ?? 0): void {
    const made = this.outShape() ?? [];
    for (const index of indices) {
      const shape = this.shape(index) ?? [];
      for (let axis = 0; axis < axes; axis++) {
        const at = axis - made.length + shape.length;
        if (at >= 0 && shape[at] !== 1) this.graph.same(this.in(index, at), this.out(0, axis));
      }
    }
  }

  regroup(inputs: readonly RegroupedAxis[], outputs: readonly RegroupedAxis[]): void {
    this.graph.regroupings.push({ inputs, outputs });
  }
}

/** What an operator says of its axes. All inputs and outputs are of known rank. */
export type DependencyRule = (operation: Operation) => void;
export type DependencyRules = Record<string, DependencyRule>;

export const rulesFor = (names: string, rule: DependencyRule): DependencyRules =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));
