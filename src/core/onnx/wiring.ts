import { isOutput, prune, setInitializer } from './graph.ts';
import type { GraphProto, NodeProto, TensorProto } from './model.ts';
import { executionOrder, reads } from './order.ts';

/** Who makes and who reads each value of a graph: as it was when asked first, and as its own methods change it. */
export class Wiring {
  readonly graph: GraphProto;
  readonly #makers = new Map<string, NodeProto>();
  readonly #readers = new Map<string, NodeProto[]>();
  readonly #constants = new Map<string, TensorProto>();

  constructor(graph: GraphProto) {
    this.graph = graph;
    for (const tensor of graph.initializer) this.#constants.set(tensor.name, tensor);
    // An initializer that is an input as well is a default, which whoever runs the model may replace.
    for (const { name = '' } of graph.input) this.#constants.delete(name);
    for (const node of graph.node) this.note(node);
  }

  /** Takes notice of a node that is new, or whose outputs have new names. */
  note(node: NodeProto): void {
    for (const name of node.output) if (name) this.#makers.set(name, node);
    for (const name of reads(node)) {
      const found = this.#readers.get(name);
      if (!found) this.#readers.set(name, [node]);
      else if (!found.includes(node)) found.push(node);
    }
  }

  /** Adds an initializer, or gives one of the same name new elements. */
  define(tensor: TensorProto): void {
    setInitializer(this.graph, tensor);
    this.#constants.set(tensor.name, tensor);
  }

  remove(node: NodeProto): void {
    this.graph.node.splice(this.graph.node.indexOf(node), 1);
    for (const name of node.output) this.#makers.delete(name);
    for (const name of reads(node)) {
      this.#readers.set(
        name,
        this.readers(name).filter((reader) => reader !== node),
      );
    }
  }

  /** Makes whoever reads `from` read `to`. */
  reread(from: string, to: string): void {
    const readers = this.readers(from);
    this.#readers.delete(from);
    for (const node of readers) {
      node.input = node.input.map((name) => (name === from ? to : name));
      this.note(node);
    }
  }

  /** Gives what `node` makes as `from` the name `to`, wherever it is read. */
  rename(node: NodeProto, from: string, to: string): void {
    node.output = node.output.map((name) => (name === from ? to : name));
    this.#makers.delete(from);
    this.note(node);
    this.reread(from, to);
  }

  maker(name: string | undefined): NodeProto | undefined {
    return this.#makers.get(name ?? '');
  }

  /** The nodes that read a value, each once; those whose subgraphs read it are among them. */
  readers(name: string | undefined): readonly NodeProto[] {
    return this.#readers.get(name ?? '') ?? [];
  }

  constant(name: string | undefined): TensorProto | undefined {
    return this.#constants.get(name ?? '');
  }

  isOutput(name: string | undefined): boolean {
    return isOutput(this.graph, name);
  }

  /** The one node that reads a value, by one input of its own and nobody else, the graph's outputs included. */
  onlyReader(name: string | undefined): NodeProto | undefined {
    const [reader, ...others] = this.readers(name);
    if (!reader || others.length > 0 || this.isOutput(name)) return undefined;
    return reader.input.filter((input) => input === name).length === 1 ? reader : undefined;
  }
}

/** Whether each reader names the value among its inputs: what a subgraph reads can't be given another name. */
export const canRename = (wiring: Wiring, name: string): boolean =>
  wiring.readers(name).every(({ input }) => input.includes(name));

/**
 * Takes out a node that makes of `source` what `source` is already: whoever read its output reads `source`. An output of
 * the graph keeps its name. False, and nothing is changed, where names can't be exchanged.
 */
export function bypass(wiring: Wiring, node: NodeProto, source: string): boolean {
  const [output = ''] = node.output;
  if (!canRename(wiring, output)) return false;
  if (!wiring.isOutput(output)) {
    wiring.remove(node);
    wiring.reread(output, source);
    return true;
  }
  const maker = wiring.maker(source);
  if (!maker || wiring.isOutput(source) || !canRename(wiring, source)) return false;
  wiring.remove(node);
  wiring.rename(maker, source, output);
  return true;
}

/** A name that no value, initializer or node of the graph has, made of `stem`. */
export function freshName(graph: GraphProto, stem: string): string {
  const taken = (wanted: string) =>
    graph.initializer.some(({ name }) => name === wanted) ||
    graph.input.some(({ name }) => name === wanted) ||
    graph.node.some(({ name, output }) => name === wanted || output.includes(wanted));
  let name = stem;
  for (let again = 2; taken(name); again++) name = `${stem}_${again}`;
  return name;
}

/** Puts the nodes in an order in which they run, and removes what no output depends on. */
export function settle(graph: GraphProto): void {
  graph.node = [...executionOrder(graph)];
  prune(graph);
}
