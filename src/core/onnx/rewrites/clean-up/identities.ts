import { attribute } from '../../graph.ts';
import type { Model, NodeProto } from '../../model.ts';
import { type Shape, sameDim } from '../../shapes/dims.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import { bypass, Wiring } from '../../wiring.ts';

type Values = Inference['values'];

const sameShape = (a: Shape | undefined, b: Shape | undefined): boolean =>
  !!a && a.length === b?.length && a.every((size, axis) => sameDim(size, b[axis] ?? '?'));

const reshapes = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Expand']);
/** Operators that leave an operand as it is when the other is this. */
const neutral: Record<string, number> = { Add: 0, Sub: 0, Mul: 1, Div: 1 };

/** The operand that a node passes through unchanged; undefined where it does something. */
function passedThrough(wiring: Wiring, node: NodeProto, values: Values): string | undefined {
  const operator = node.opType ?? '';
  const [first = '', second] = node.input;
  const [from, to] = [values.get(first), values.get(node.output[0] ?? '')];
  const kept = sameShape(from?.shape, to?.shape);
  if (operator === 'Identity') return first;
  if (operator === 'Concat') return node.input.length === 1 ? first : undefined;
  if (operator === 'Dropout') {
    const trains = node.input[2] && values.get(node.input[2])?.elements?.[0] !== 0;
    return trains || wiring.readers(node.output[1]).length > 0 || wiring.isOutput(node.output[1]) ? undefined : first;
  }
  if (operator === 'Cast') return from?.type && from.type === Number(attribute(node, 'to')?.i) ? first : undefined;
  if (reshapes.has(operator)) return kept ? first : undefined;
  if (operator === 'Transpose') {
    const order = attribute(node, 'perm')?.ints;
    return order?.every((axis, position) => axis === BigInt(position)) ? first : undefined;
  }
  if (!Object.hasOwn(neutral, operator)) return undefined;
  const isNeutral = (name: string | undefined) => {
    const elements = wiring.constant(name) && values.get(name ?? '')?.elements;
    return !!elements?.length && elements.every((element) => element === neutral[operator]);
  };
  if (isNeutral(second) && kept) return first;
  const commutes = operator === 'Add' || operator === 'Mul';
  return commutes && isNeutral(first) && sameShape(values.get(second ?? '')?.shape, to?.shape) ? second : undefined;
}

/** Takes out nodes that do nothing when the model is not being trained. */
export function removeIdentities(model: Model): boolean {
  const { graph } = model;
  const { values } = inferShapes(model);
  const wiring = new Wiring(graph);
  let changed = false;
  for (const node of [...graph.node]) {
    if (domainOf(node.domain) !== 'ai.onnx') continue;
    const source = passedThrough(wiring, node, values);
    if (!source || !bypass(wiring, node, source)) continue;
    changed = true;
  }
  return changed;
}
