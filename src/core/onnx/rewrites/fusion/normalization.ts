import { attribute, makeNode } from '../../graph.ts';
import type { NodeProto } from '../../model.ts';
import { type Shape, sameDim } from '../../shapes/dims.ts';
import { freshName } from '../../wiring.ts';
import type { Finder, View } from './view.ts';

/** LayerNormalization is an operator of its own from this operator set on. */
const leastOpset = 17;

const equalShapes = (a: Shape | undefined, b: Shape | undefined): boolean =>
  !!a && a.length === b?.length && a.every((size, axis) => sameDim(size, b[axis] ?? '?'));

/** An addition that only a LayerNormalization reads: what the engine fuses by itself where it knows the shapes. */
function beforeNormalization(view: View, node: NodeProto): (() => void)[] {
  const add = view.maker(node.input[0], 'Add');
  const [first = '', second = ''] = add?.input ?? [];
  const shape = view.shape(node.input[0]);
  const alone = add && view.next(add, 'LayerNormalization') === node;
  const equal = equalShapes(view.shape(first), shape) && equalShapes(view.shape(second), shape);
  if (!add || !alone || shape?.length !== 3 || !equal || !view.isFloat(first)) return [];
  const apply = () => {
    add.opType = 'Sum';
  };
  return [apply];
}

function separate(view: View, node: NodeProto): void {
  const { graph } = view.model;
  const id = node.name ?? '';
  const [input = '', skip = '', scale = '', shift = '', bias] = node.input;
  const made: NodeProto[] = [];
  const sum = node.output[3] || freshName(graph, `${id}.sum`);
  const addends = [input, skip, ...(bias ? [bias] : [])];
  made.push(makeNode('Sum', freshName(graph, `${id}.add`), addends, [sum]));
  const inputs = shift ? [sum, scale, shift] : [sum, scale];
  const epsilon = { float: attribute(node, 'epsilon')?.f ?? 1e-12 };
  made.push(makeNode('LayerNormalization', id, inputs, [node.output[0] ?? ''], { axis: -1, epsilon }));
  graph.node.splice(graph.node.indexOf(node), 1, ...made);
}

/** com.microsoft.SkipLayerNormalization as an exporter's optimiser has written it. */
function fusedNormalization(view: View, node: NodeProto): (() => void)[] {
  const [input, skip, scale] = node.input;
  const statistics = node.output.slice(1, 3).some(Boolean);
  const shape = view.shape(input);
  const plain = view.shape(scale)?.length === 1 && view.isFloat(input) && equalShapes(shape, view.shape(skip));
  if (statistics || !plain || !node.output[0] || view.opset < leastOpset) return [];
  return [() => separate(view, node)];
}

/**
 * Sums kept apart from the LayerNormalization that reads them. The engine's one kernel for both,
 * com.microsoft.SkipLayerNormalization, takes as long as the two for a row of 96 and 3 to 7 times as long for dozens of
 * rows (ONNX Runtime 1.30 on the CPU). So the addition is written as Sum, which no fusion of the engine takes, and a
 * SkipLayerNormalization that is in the model already is taken apart.
 */
export const separateNormalizations: Finder = (view) =>
  view.model.graph.node.flatMap((node) => {
    if (node.domain === 'com.microsoft' && node.opType === 'SkipLayerNormalization') {
      return fusedNormalization(view, node);
    }
    return view.maker(node.output[0], 'LayerNormalization') === node ? beforeNormalization(view, node) : [];
  });
