import { attribute, setAttribute, setInitializer } from '../../graph.ts';
import type { Model, NodeProto } from '../../model.ts';
import { isKnown, sameDim } from '../../shapes/dims.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import { tensor } from '../../tensors.ts';
import { freshName, Wiring } from '../../wiring.ts';

/**
 * The target of a Reshape as numbers: 0 where the size is that of the input's own axis, -1 for one that stays open.
 * Undefined where that says less than the computed target.
 */
function targetOf(node: NodeProto, values: Inference['values']): number[] | undefined {
  const input = values.get(node.input[0] ?? '')?.shape;
  const target = values.get(node.input[1] ?? '')?.elements;
  if (!input || !target || attribute(node, 'allowzero')?.i === 1n || target.every(isKnown)) return undefined;
  const sizes = target.map((size, axis) => {
    if (isKnown(size)) return size;
    return sameDim(size, input[axis] ?? '?') ? 0 : -1;
  });
  return sizes.filter((size) => size === -1).length <= 1 ? sizes : undefined;
}

/** Gives each Reshape whose target is computed from the sizes of its own input a constant target. */
export function fixShapes(model: Model): boolean {
  const { graph } = model;
  const { values } = inferShapes(model);
  const wiring = new Wiring(graph);
  let changed = false;
  for (const node of graph.node) {
    if (node.opType !== 'Reshape' || domainOf(node.domain) !== 'ai.onnx' || wiring.constant(node.input[1])) continue;
    const sizes = targetOf(node, values);
    if (!sizes) continue;
    const name = freshName(graph, `${node.name}.target`);
    setInitializer(graph, tensor(name, BigInt64Array.from(sizes.map(BigInt)), [sizes.length]));
    node.input[1] = name;
    if (attribute(node, 'allowzero')) setAttribute(node, 'allowzero', 0);
    changed = true;
  }
  return changed;
}
