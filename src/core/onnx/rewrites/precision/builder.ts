import { create } from '@bufbuild/protobuf';
import { makeNode, prune } from '../../graph.ts';
import type { Model, NodeProto, TensorProto } from '../../model.ts';
import { OperatorSetIdProtoSchema } from '../../proto/gen/onnx_pb.js';
import { adopted } from '../../tensors.ts';

type Data = Parameters<typeof adopted>[1];
type Attributes = NonNullable<Parameters<typeof makeNode>[4]>;

export const contrib = 'com.microsoft';

/** A graph that is being written anew: nodes in order, constants and names that nothing else has. */
export class Builder {
  readonly #model: Model;
  readonly #taken: Set<string>;
  readonly #nodes: NodeProto[] = [];
  readonly #constants: TensorProto[] = [];
  readonly #made = new Map<string, string>();
  #usesContrib = false;

  /** `model` is changed by `finish`: a copy of whoever calls. */
  constructor(model: Model) {
    this.#model = model;
    const { graph } = model;
    this.#taken = new Set([...graph.input, ...graph.initializer, ...graph.node].map(({ name }) => name ?? ''));
    for (const { output } of graph.node) for (const name of output) this.#taken.add(name);
  }

  /** `wanted`, or that with a number where something has the name. */
  name(wanted: string): string {
    let name = wanted;
    for (let again = 1; this.#taken.has(name); again++) name = `${wanted}_${again}`;
    this.#taken.add(name);
    return name;
  }

  /** A constant, by its name; `data` is its own from now on. */
  constant(wanted: string, data: Data, shape?: readonly number[]): string {
    return this.initializer(adopted(this.name(wanted), data, shape));
  }

  initializer(made: TensorProto): string {
    this.#constants.push(made);
    return made.name;
  }

  /** A new node; gives the name of its only output, which is `output` where that is given. */
  node(opType: string, at: string, input: string[], attributes: Attributes = {}, output = this.name(at)): string {
    this.multiple(opType, at, input, [output], attributes);
    return output;
  }

  /** A new node with several outputs. */
  multiple(opType: string, at: string, input: string[], output: string[], attributes: Attributes = {}): void {
    this.#nodes.push(makeNode(opType, this.name(`${at}.${opType}`), input, output, attributes));
  }

  /** Like `node`, of ONNX Runtime's own domain. */
  contrib(opType: string, at: string, input: string[], attributes: Attributes = {}, output = this.name(at)): string {
    this.#usesContrib = true;
    this.#nodes.push(
      Object.assign(makeNode(opType, this.name(`${at}.${opType}`), input, [output], attributes), { domain: contrib }),
    );
    return output;
  }

  /** A node with the attributes of another, of the default domain or ONNX Runtime's own. */
  like(node: NodeProto, opType: string, input: string[], output: string, domain?: typeof contrib): string {
    const at = node.name ?? output;
    if (domain) this.contrib(opType, at, input, {}, output);
    else this.node(opType, at, input, {}, output);
    const made = this.#nodes.at(-1);
    if (made) made.attribute = node.attribute;
    return output;
  }

  /** A node as it is. */
  push(node: NodeProto): void {
    this.#nodes.push(node);
  }

  /** What `make` gives, made once for each key. */
  once(key: string, make: () => string): string {
    const present = this.#made.get(key);
    if (present !== undefined) return present;
    const made = make();
    this.#made.set(key, made);
    return made;
  }

  finish(): Model {
    const { graph, opsetImport } = this.#model;
    graph.node = this.#nodes;
    graph.initializer.push(...this.#constants);
    if (this.#usesContrib && !opsetImport.some(({ domain }) => domain === contrib)) {
      opsetImport.push(create(OperatorSetIdProtoSchema, { domain: contrib, version: 1n }));
    }
    prune(graph);
    return this.#model;
  }
}
