import { attribute } from '../graph.ts';
import { ModelError, type NodeProto } from '../model.ts';
import { called } from '../order.ts';
import { allKnown, type Dim, type Shape, unknownDim } from './dims.ts';

/** What is known of a value before anything runs. */
export interface Value {
  /** TensorProto.DataType; 0 is unknown, or no tensor. */
  type: number;
  /** Undefined: not even the rank is known. */
  shape?: Shape | undefined;
  /** The elements of a small tensor, row-major, where they are known: sizes that other shapes are computed from. */
  elements?: readonly Dim[] | undefined;
}

/** The most elements that are followed through the graph. */
export const mostElements = 1024;

export const value = (type: number, shape?: Shape, elements?: readonly Dim[]): Value => ({ type, shape, elements });
export const unknown = (type = 0): Value => ({ type });
export const unknownShape = (rank: number): Shape => Array.from({ length: rank }, () => unknownDim);

/** A node with what is known of its inputs: what a rule sees. */
export class Site {
  readonly node: NodeProto;
  /** The version of the operator set that the node's domain is imported at. */
  readonly opset: number;
  readonly inputs: readonly (Value | undefined)[];

  constructor(node: NodeProto, opset: number, inputs: readonly (Value | undefined)[]) {
    this.node = node;
    this.opset = opset;
    this.inputs = inputs;
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  shape(index = 0): Shape | undefined {
    return this.inputs[index]?.shape;
  }

  type(index = 0): number {
    return this.inputs[index]?.type ?? 0;
  }

  elements(index = 0): readonly Dim[] | undefined {
    return this.inputs[index]?.elements;
  }

  /** The elements of an input where all of them are numbers. */
  numbers(index: number): readonly number[] | undefined {
    const found = this.elements(index);
    return found && allKnown(found) ? found : undefined;
  }

  int(name: string, fallback: number): number {
    const found = attribute(this.node, name);
    return found ? Number(found.i) : fallback;
  }

  ints(name: string): number[] | undefined {
    return attribute(this.node, name)?.ints.map(Number);
  }

  floats(name: string): number[] | undefined {
    return attribute(this.node, name)?.floats;
  }

  text(name: string, fallback: string): string {
    const found = attribute(this.node, name);
    return found ? new TextDecoder().decode(found.s) : fallback;
  }

  /** An axis counted from the front. Throws ModelError when the rank has no such axis. */
  axis(axis: number, rank: number): number {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw this.error(`axis ${axis} does not exist in a tensor of rank ${rank}`);
    }
    return axis < 0 ? axis + rank : axis;
  }

  /**
   * The axes named by the attribute, or from a later opset on by an input: undefined where there are none,
   * `unknown` where they are there but not constant.
   */
  axes(index: number, name = 'axes'): readonly number[] | undefined | 'unknown' {
    if (!this.has(index)) return this.ints(name);
    return this.numbers(index) ?? 'unknown';
  }

  error(sentence: string): ModelError {
    return new ModelError(`${called(this.node)}: ${sentence}`);
  }
}

/** What a node makes, output by output; shorter than its outputs where nothing is known of the others. */
export type Rule = (site: Site) => Value[];
/** Rules by operator. */
export type Rules = Record<string, Rule>;

export const rulesFor = (names: string, rule: Rule): Rules =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));
