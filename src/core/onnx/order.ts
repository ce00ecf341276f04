import { type GraphProto, ModelError, type NodeProto } from './model.ts';
import { subgraphs } from './walk.ts';

/** A node by its name, or by what it makes, for sentences. */
export const called = ({ name, opType, output }: NodeProto): string =>
  name ? `node "${name}" (${opType})` : `the ${opType || 'nameless'} node that makes "${output[0] ?? ''}"`;

/** What a graph's nodes read without making it: for a subgraph, the values it takes from outside. */
function freeNames(graph: GraphProto): Set<string> {
  const made = new Set([...graph.input, ...graph.initializer].map(({ name }) => name ?? ''));
  for (const { values } of graph.sparseInitializer) made.add(values?.name ?? '');
  for (const { output } of graph.node) for (const name of output) made.add(name);
  const read = [...graph.node.flatMap(reads), ...graph.output.map(({ name }) => name ?? '')];
  return new Set(read.filter((name) => name && !made.has(name)));
}

/** The values a node depends on, those that its subgraphs take from outside included; each once. */
export function reads(node: NodeProto): string[] {
  const names = new Set(node.input.filter((name) => name !== ''));
  for (const graph of subgraphs(node)) for (const name of freeNames(graph)) names.add(name);
  return [...names];
}

/** Values that are there before any node runs. */
function given(graph: GraphProto): Set<string> {
  const names = new Set([...graph.input, ...graph.initializer].map(({ name }) => name ?? ''));
  for (const { values } of graph.sparseInitializer) if (values?.name) names.add(values.name);
  return names;
}

function producers(graph: GraphProto, there: ReadonlySet<string>): Map<string, NodeProto> {
  const result = new Map<string, NodeProto>();
  for (const node of graph.node) {
    for (const name of node.output) {
      if (!name) continue;
      const other = result.get(name);
      if (other) throw new ModelError(`"${name}" is made twice: by ${called(other)} and by ${called(node)}`);
      if (there.has(name))
        throw new ModelError(`"${name}" is made by ${called(node)}, but is an input or initializer too`);
      result.set(name, node);
    }
  }
  return result;
}

/** Follows what is waited for until a node comes up again, and says the way round. */
function cycleFrom(start: NodeProto, waiting: ReadonlySet<NodeProto>, maker: ReadonlyMap<string, NodeProto>): string {
  const path: NodeProto[] = [];
  let node: NodeProto | undefined = start;
  const seen = new Set<NodeProto>();
  while (node && !seen.has(node)) {
    seen.add(node);
    path.push(node);
    node = reads(node)
      .map((name) => maker.get(name))
      .find((candidate) => candidate && waiting.has(candidate));
  }
  const round = node ? path.slice(path.indexOf(node)) : path;
  const shown = round.length > 4 ? [...round.slice(0, 3), undefined, ...round.slice(-1)] : round;
  return shown.map((each) => (each ? called(each) : '…')).join(' needs ');
}

/**
 * The nodes in an order in which each follows what it reads: the graph's own order where it is one already, as the ONNX
 * IR asks. Throws ModelError for a cycle, for a value that nothing makes or that is made twice, and for an output of the
 * graph that nothing makes.
 */
export function executionOrder(graph: GraphProto): NodeProto[] {
  const there = given(graph);
  const maker = producers(graph, there);
  const missing = new Map<NodeProto, number>();
  const waitingFor = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    const needed = reads(node).filter((name) => !there.has(name));
    for (const name of needed) {
      if (!maker.has(name)) throw new ModelError(`${called(node)} reads "${name}", which nothing makes`);
      const readers = waitingFor.get(name);
      if (readers) readers.push(node);
      else waitingFor.set(name, [node]);
    }
    missing.set(node, needed.length);
  }
  for (const { name = '' } of graph.output) {
    if (!there.has(name) && !maker.has(name)) throw new ModelError(`nothing makes the graph's output "${name}"`);
  }
  const order = graph.node.filter((node) => missing.get(node) === 0);
  for (let index = 0; index < order.length; index++) {
    for (const name of order[index]?.output ?? []) {
      for (const reader of waitingFor.get(name) ?? []) {
        const left = (missing.get(reader) ?? 0) - 1;
        missing.set(reader, left);
        if (left === 0) order.push(reader);
      }
    }
  }
  if (order.length === graph.node.length) return isOrdered(graph.node, there) ? graph.node : order;
  const waiting = new Set(graph.node).difference(new Set(order));
  const [first] = waiting;
  throw new ModelError(`the graph has a cycle: ${first ? cycleFrom(first, waiting, maker) : ''}`);
}

function isOrdered(nodes: readonly NodeProto[], there: ReadonlySet<string>): boolean {
  const known = new Set(there);
  return nodes.every((node) => {
    const ready = reads(node).every((name) => known.has(name));
    for (const name of node.output) known.add(name);
    return ready;
  });
}
