import { isOutput, prune, rewire } from './graph.ts';
import type { GraphProto, NodeProto, TensorProto } from './model.ts';
import { executionOrder, reads } from './order.ts';

/** Who makes and who reads each value of a graph, as it is now: changes to the graph make it stale. */
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
    for (const node of graph.node) {
      for (const name of node.output) if (name) this.#makers.set(name, node);
      for (const name of reads(node)) {
        const found = this.#readers.get(name);
        if (found) found.push(node);
        else this.#readers.set(name, [node]);
      }
    }
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
  const { graph } = wiring;
  const [output = ''] = node.output;
  if (!canRename(wiring, output)) return false;
  if (wiring.isOutput(output)) {
    const maker = wiring.maker(source);
    if (!maker || wiring.isOutput(source) || !canRename(wiring, source)) return false;
    graph.node.splice(graph.node.indexOf(node), 1);
    maker.output = maker.output.map((name) => (name === source ? output : name));
    rewire(graph, source, output);
  } else {
    graph.node.splice(graph.node.indexOf(node), 1);
    rewire(graph, output, source);
  }
  return true;
}

/** A name that no value, initializer or node of the graph has, made of `stem`. */
export function freshName(graph: GraphProto, stem: string): string {
  const taken = new Set([...graph.initializer, ...graph.input].map(({ name }) => name));
  for (const { name, output } of graph.node) for (const each of [name ?? '', ...output]) taken.add(each);
  let name = stem;
  for (let again = 2; taken.has(name); again++) name = `${stem}_${again}`;
  return name;
}

/** Puts the nodes in an order in which they run, and removes what no output depends on. */
export function settle(graph: GraphProto): void {
  graph.node = [...executionOrder(graph)];
  prune(graph);
}
