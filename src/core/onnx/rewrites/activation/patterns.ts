import type { GraphProto, NodeProto } from '../../model.ts';
import { domainOf } from '../../shapes/registry.ts';
import { DataType, floats } from '../../tensors.ts';
import { Wiring } from '../../wiring.ts';
import { type Activation, binaryCurve, type Curve, clipCurve, recognise, unaryCurve } from './functions.ts';

/** An activation in a graph, in however many nodes it is written. */
export interface Pattern {
  activation: Activation;
  nodes: readonly NodeProto[];
  input: string;
  output: string;
}

/** A value as a function of another one, element by element. */
interface View {
  source: string;
  curve: Curve;
  nodes: readonly NodeProto[];
}

/** Longer chains are no activation; the bound keeps the search small. */
const mostNodes = 9;

function scalarOf(wiring: Wiring, name: string | undefined): number | undefined {
  const found = wiring.constant(name);
  const single = found?.dims.every((size) => size === 1n) && found.dims.length <= 1;
  return found && single && found.dataType === DataType.FLOAT && found.externalData.length === 0
    ? floats(found)[0]
    : undefined;
}

const union = (a: readonly NodeProto[], b: readonly NodeProto[], node: NodeProto) => [...new Set([...a, ...b, node])];

function viewsThrough(wiring: Wiring, node: NodeProto, views: (name: string) => readonly View[]): View[] {
  const [first = '', second = ''] = node.input;
  const onFirst = (make: (curve: Curve) => Curve) =>
    views(first).map(({ source, curve, nodes }) => ({ source, curve: make(curve), nodes: union(nodes, [], node) }));
  const unary = unaryCurve(node);
  if (unary) return onFirst((curve) => (x) => unary(curve(x)));
  if (node.opType === 'Clip' && domainOf(node.domain) === 'ai.onnx' && node.attribute.length === 0) {
    const [least, most] = [1, 2].map((at) => scalarOf(wiring, node.input[at]));
    const open = (at: number, bound?: number) => !node.input[at] || bound !== undefined;
    if (!open(1, least) || !open(2, most)) return [];
    const bounded = clipCurve(least, most);
    return onFirst((curve) => (x) => bounded(curve(x)));
  }
  const combine = binaryCurve(node);
  if (!combine) return [];
  const [left, right] = [scalarOf(wiring, first), scalarOf(wiring, second)];
  if (right !== undefined) return onFirst((curve) => (x) => combine(curve(x), right));
  if (left !== undefined) {
    return views(second).map(({ source, curve, nodes }) => {
      return { source, curve: (x: number) => combine(left, curve(x)), nodes: union(nodes, [], node) };
    });
  }
  return views(first).flatMap((a) =>
    views(second)
      .filter(({ source }) => source === a.source)
      .map((b) => ({
        ...a,
        curve: (x: number) => combine(a.curve(x), b.curve(x)),
        nodes: union(a.nodes, b.nodes, node),
      })),
  );
}

/** Whether nothing but the pattern itself sees what its nodes make on the way. */
function isClosed(wiring: Wiring, { nodes }: View, output: string): boolean {
  const made = nodes.flatMap((node) => node.output).filter((name) => name !== output);
  return made.every((name) => !wiring.isOutput(name) && wiring.readers(name).every((reader) => nodes.includes(reader)));
}

/**
 * The activations of a graph, found by what their nodes compute and not by how they are written: each group of
 * elementwise nodes with one source is evaluated at some places and compared with the activations that are known.
 * `nodes` must be in an order in which they run.
 */
export function patterns(graph: GraphProto): Pattern[] {
  const wiring = new Wiring(graph);
  const known = new Map<string, readonly View[]>();
  const identity = (name: string): View => ({ source: name, curve: (x) => x, nodes: [] });
  const views = (name: string) => known.get(name) ?? [identity(name)];
  for (const node of graph.node) {
    const [output = ''] = node.output;
    const through = viewsThrough(wiring, node, views).filter(({ nodes }) => nodes.length <= mostNodes);
    known.set(output, [identity(output), ...through]);
  }
  const taken = new Set<NodeProto>();
  const found: Pattern[] = [];
  // From the end, so that a pattern is seen whole before its parts.
  for (const node of graph.node.toReversed()) {
    const [output = ''] = node.output;
    const candidates = views(output).toSorted((a, b) => b.nodes.length - a.nodes.length);
    for (const view of candidates) {
      if (view.nodes.length === 0 || view.nodes.some((each) => taken.has(each)) || !isClosed(wiring, view, output))
        continue;
      const activation = recognise(view.curve);
      if (!activation) continue;
      for (const each of view.nodes) taken.add(each);
      found.push({ activation, nodes: view.nodes, input: view.source, output });
      break;
    }
  }
  return found.reverse();
}
