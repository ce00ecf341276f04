import type { NodeProto } from '../../../model.ts';
import { type Layer, makesCodes } from '../layers.ts';
import type { Wiring } from '../wiring.ts';
import { clips, dataInputs, type Pass, passOf } from './passes.ts';

/** Where a graph runs on 8-bit codes, once it is known which layers do. */
export interface Flow {
  /** Operators between the layers. */
  passes: ReadonlyMap<NodeProto, Pass>;
  /** Activations that the saturating of the kernel before them replaces. */
  clipped: ReadonlySet<NodeProto>;
  /** Tensors that are made as codes. */
  codes: ReadonlySet<string>;
  /** Whether something reads the tensor as codes. */
  wanted(tensor: string): boolean;
  /** Whether something reads the tensor as FLOAT, or the graph returns it. */
  floats(tensor: string): boolean;
}

interface Ahead {
  able: Map<NodeProto, Pass | 'clips'>;
  /** Tensors that are codes in any case, for their maker has no other form. */
  rooted: Set<string>;
}

/** What could run on codes: everything that follows from static layers by operators that have a kernel. */
function ahead(layers: ReadonlyMap<NodeProto, Layer>, skipped: ReadonlySet<NodeProto>, wiring: Wiring): Ahead {
  const able = new Map<NodeProto, Pass | 'clips'>();
  const made = new Set<string>();
  const rooted = new Set<string>();
  /** Tensors whose maker rounds to a grid of its own, which may as well be that of a clipped value. */
  const free = new Set<string>();
  for (const node of wiring.order) {
    if (skipped.has(node)) continue;
    const [output = ''] = node.output;
    const layer = layers.get(node);
    if (layer) {
      if (!makesCodes(layer, wiring)) continue;
      made.add(layer.output);
      free.add(layer.output);
      if (layer.kind === 'Conv') rooted.add(layer.output);
      continue;
    }
    const [input = ''] = node.input;
    if (clips(node, wiring)) {
      if (!free.has(input) || wiring.soleReader(input) !== node) continue;
      able.set(node, 'clips');
      free.add(output);
      if (rooted.has(input)) rooted.add(output);
    } else {
      const pass = passOf(node, wiring);
      const inputs = pass ? dataInputs(node, pass) : [];
      if (!pass || inputs.length === 0 || !inputs.every((name) => made.has(name))) continue;
      able.set(node, pass);
      if (pass.grid === 'own') free.add(output);
      if (pass.always && inputs.every((name) => rooted.has(name))) rooted.add(output);
    }
    made.add(output);
  }
  return { able, rooted };
}

/**
 * Finds what runs on codes between the static layers: operators that a quantised layer reads from, at whatever distance,
 * and those that shrink or merge codes which are there anyway. `skipped`: nodes that are part of layers.
 */
export function flowOf(layers: ReadonlyMap<NodeProto, Layer>, skipped: ReadonlySet<NodeProto>, wiring: Wiring): Flow {
  const { able, rooted } = ahead(layers, skipped, wiring);
  const passes = new Map<NodeProto, Pass>();
  const clipped = new Set<NodeProto>();
  const readsCodes = (node: NodeProto, tensor: string) => {
    const layer = layers.get(node);
    if (layer) return layer.input === tensor;
    const pass = passes.get(node);
    return clipped.has(node) || (pass !== undefined && dataInputs(node, pass).includes(tensor));
  };
  const wanted = (tensor: string) => wiring.readers(tensor).some((node) => readsCodes(node, tensor));
  for (const node of wiring.order.toReversed()) {
    const found = able.get(node);
    const [output = ''] = node.output;
    if (!found || !(rooted.has(output) || wanted(output))) continue;
    if (found === 'clips') clipped.add(node);
    else passes.set(node, found);
  }
  const codes = new Set<string>();
  for (const node of [...passes.keys(), ...clipped]) codes.add(node.output[0] ?? '');
  for (const layer of layers.values()) {
    if (layer.kind === 'Conv' || (makesCodes(layer, wiring) && wanted(layer.output))) codes.add(layer.output);
  }
  return {
    ...{ passes, clipped, codes, wanted },
    floats: (tensor) =>
      wiring.isOutput(tensor) || wiring.readers(tensor).some((node) => !skipped.has(node) && !readsCodes(node, tensor)),
  };
}

/** The tensor that a kernel makes which would make `tensor`: what is left of it after the activations that it clips. */
export function endOf(tensor: string, flow: Flow, wiring: Wiring): string {
  const next = wiring.soleReader(tensor);
  return next && flow.clipped.has(next) ? endOf(next.output[0] ?? '', flow, wiring) : tensor;
}
