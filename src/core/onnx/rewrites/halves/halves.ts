import { clone, create } from '@bufbuild/protobuf';
import { attribute, makeNode, prune } from '../../graph.ts';
import { copy, type Model, type NodeProto, type TensorProto } from '../../model.ts';
import { NodeProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from '../../proto/gen/onnx_pb.js';
import { DataType, floats } from '../../tensors.ts';
import { type Shape16, shapesOf16 } from './operators.ts';

/** The largest finite half (IEEE 754 binary16). */
const largest = 65504;

function narrowed(constant: TensorProto, name: string): TensorProto {
  const values = floats(constant).map((value) => Math.max(-largest, Math.min(largest, value)));
  const rawData = new Uint8Array(Float16Array.from(values).buffer);
  return create(TensorProtoSchema, { name, dataType: DataType.FLOAT16, dims: constant.dims, rawData });
}

const widens = (node: NodeProto) =>
  node.opType === 'Cast' && Number(attribute(node, 'to')?.i ?? 0) === DataType.FLOAT && node.input.length === 1;

/** Whether a model holds weights of 16 bits that it computes with in FLOAT. */
export function hasHalves({ graph }: Model): boolean {
  const halves = new Set(
    graph.initializer.flatMap(({ name, dataType }) => (dataType === DataType.FLOAT16 ? [name] : [])),
  );
  return halves.size > 0 && graph.node.some((node) => widens(node) || halves.has(node.input[0] ?? ''));
}

/** What a rewriting knows so far of the graph that it writes. */
class Writer {
  readonly nodes: NodeProto[] = [];
  /** Tensors that are 16 bits in the model already. */
  readonly #sixteen: Set<string>;
  /** A FLOAT tensor's twin of 16 bits. */
  readonly #twin = new Map<string, string>();
  /** FLOAT tensors that were 16 bits first: what reads them is computed in 16 bits as well. */
  readonly #born = new Set<string>();
  readonly #constants: Map<string, TensorProto>;
  readonly made: TensorProto[] = [];

  constructor({ graph }: Model) {
    const fed = new Set(graph.input.map(({ name }) => name));
    const own = graph.initializer.filter(({ name }) => !fed.has(name));
    this.#sixteen = new Set(own.filter(({ dataType }) => dataType === DataType.FLOAT16).map(({ name }) => name ?? ''));
    const plain = own.filter(
      (one) => one.dataType === DataType.FLOAT && one.dataLocation !== TensorProto_DataLocation.EXTERNAL,
    );
    this.#constants = new Map(plain.map((one) => [one.name ?? '', one]));
  }

  add(node: NodeProto): void {
    const [from = ''] = node.input;
    const [to = ''] = node.output;
    const shape = shapesOf16(node);
    if (this.#sixteen.has(from)) {
      this.nodes.push(node);
      if (widens(node)) this.#isBorn(to, from);
      else if (shape?.inputs.includes(0)) this.#sixteen.add(to);
      return;
    }
    if (shape?.inputs.some((index) => this.#born.has(node.input[index] ?? ''))) this.#narrow(node, shape);
    else this.nodes.push(node);
  }

  #isBorn(name: string, twin: string): void {
    this.#twin.set(name, twin);
    this.#born.add(name);
  }

  /** The node in 16 bits, and its results in FLOAT for whatever needs them so. */
  #narrow(node: NodeProto, { inputs, outputs }: Shape16): void {
    const half = clone(NodeProtoSchema, node);
    half.input = node.input.map((name, index) => (name && inputs.includes(index) ? this.#twinOf(name) : name));
    half.output = node.output.map((name, index) => (name && outputs.includes(index) ? `${name}.half` : name));
    this.nodes.push(half);
    for (const index of outputs) {
      const name = node.output[index];
      if (!name) continue;
      this.#isBorn(name, `${name}.half`);
      this.nodes.push(makeNode('Cast', `${name}.wide`, [`${name}.half`], [name], { to: DataType.FLOAT }));
    }
  }

  #twinOf(name: string): string {
    const known = this.#twin.get(name);
    if (known) return known;
    const twin = `${name}.half`;
    this.#twin.set(name, twin);
    const constant = this.#constants.get(name);
    if (constant) this.made.push(narrowed(constant, twin));
    else this.nodes.push(makeNode('Cast', twin, [name], [twin], { to: DataType.FLOAT16 }));
    return twin;
  }
}

/**
 * A model whose weights are stored in 16 bits (precision FP16), computed in 16 bits: the layers that have such weights,
 * and what their results flow through as long as its operators can. FLOAT is what else computes, and the outputs. Constants
 * beyond the largest half become that. The results differ from the model's by the rounding of halves (2^-11).
 */
export function inHalves(model: Model): Model {
  const result = copy(model);
  const { graph } = result;
  const writer = new Writer(result);
  for (const node of graph.node) writer.add(node);
  graph.node = writer.nodes;
  graph.initializer = [...graph.initializer, ...writer.made];
  prune(graph);
  return result;
}
