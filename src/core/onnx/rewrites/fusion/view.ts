import { attribute } from '../../graph.ts';
import type { Model, NodeProto } from '../../model.ts';
import type { Shape } from '../../shapes/dims.ts';
import { type Inference, opsetOf } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import type { Value } from '../../shapes/value.ts';
import { DataType, floats } from '../../tensors.ts';
import { Wiring } from '../../wiring.ts';

/** A model as fusions look at it: who makes and reads what, and what is known of each value. Changes make it stale. */
export class View {
  readonly model: Model;
  readonly wiring: Wiring;
  readonly opset: number;
  readonly #values: ReadonlyMap<string, Value>;

  constructor(model: Model, { values }: Inference) {
    this.model = model;
    this.wiring = new Wiring(model.graph);
    this.opset = opsetOf(model, 'ai.onnx');
    this.#values = values;
  }

  value(name: string | undefined): Value | undefined {
    return this.#values.get(name ?? '');
  }

  shape(name: string | undefined): Shape | undefined {
    return this.value(name)?.shape;
  }

  isFloat(name: string | undefined): boolean {
    return this.value(name)?.type === DataType.FLOAT;
  }

  /** The node that makes a value where it is `operator` of the default domain. */
  maker(name: string | undefined, ...operators: readonly string[]): NodeProto | undefined {
    const node = this.wiring.maker(name);
    return node && isOne(node, operators) ? node : undefined;
  }

  /** The only reader of a node's first output where it is `operator` of the default domain. */
  next(node: NodeProto, operator: string): NodeProto | undefined {
    const reader = this.wiring.onlyReader(node.output[0]);
    return reader && isOne(reader, [operator]) ? reader : undefined;
  }

  /** The number that a constant of one element holds, where it adds no axis to what it is combined with. */
  scalar(name: string | undefined): number | undefined {
    const found = this.wiring.constant(name);
    const single = found?.dims.every((size) => size === 1n) && found.dims.length <= 1;
    return found && single && found.dataType === DataType.FLOAT && found.externalData.length === 0
      ? floats(found)[0]
      : undefined;
  }
}

const isOne = (node: NodeProto, operators: readonly string[]) =>
  domainOf(node.domain) === 'ai.onnx' && operators.includes(node.opType ?? '');

export const intOf = (node: NodeProto, name: string, fallback: number): number =>
  Number(attribute(node, name)?.i ?? fallback);

export const intsOf = (node: NodeProto, name: string): number[] => (attribute(node, name)?.ints ?? []).map(Number);

export const sameOrder = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((each, i) => each === b[i]);

/** Where a kind of fusion applies in a model: what to do at each place; each leaves the others possible. */
export type Finder = (view: View) => (() => void)[];
