import { attribute, makeNode } from '../../graph.ts';
import type { NodeProto } from '../../model.ts';
import { importDomain } from '../../operator-sets.ts';
import { type Shape, sameDim } from '../../shapes/dims.ts';
import { DataType } from '../../tensors.ts';
import { type Finder, intOf, type View } from './view.ts';

interface SkipNormalization {
  node: NodeProto;
  add: NodeProto;
  /** The addends, and a vector that is added as well. */
  input: string;
  skip: string;
  bias?: string;
  biasAdd?: NodeProto;
}

const equalShapes = (a: Shape | undefined, b: Shape | undefined): boolean =>
  !!a && a.length === b?.length && a.every((size, axis) => sameDim(size, b[axis] ?? '?'));

const isVector = (view: View, name: string | undefined, size: unknown): boolean => {
  const shape = view.shape(name);
  return view.isFloat(name) && shape?.length === 1 && shape[0] === size;
};

/** The product behind an addend whose bias only this addition reads. */
function biased(view: View, name: string): Pick<SkipNormalization, 'input' | 'bias' | 'biasAdd'> | undefined {
  const biasAdd = view.wiring.onlyReader(name) && view.maker(name, 'Add');
  const input = biasAdd?.input.find((each) => view.maker(each, 'MatMul'));
  const bias = biasAdd?.input.find((each) => each !== input);
  const fits = input && view.wiring.onlyReader(input) && view.wiring.constant(bias);
  return biasAdd && fits && bias && isVector(view, bias, view.shape(name)?.at(-1))
    ? { input, bias, biasAdd }
    : undefined;
}

function skipNormalizationAt(view: View, node: NodeProto): SkipNormalization | undefined {
  const [sum, scale, shift] = node.input;
  const add = view.maker(sum, 'Add');
  const shape = view.shape(sum);
  if (!add || !shape || shape.length < 2 || shape.length > 3 || !view.isFloat(sum)) return undefined;
  const last = [-1, shape.length - 1].includes(intOf(node, 'axis', -1));
  const plain =
    intOf(node, 'stash_type', DataType.FLOAT) === DataType.FLOAT && node.output.filter(Boolean).length === 1;
  const vectors = isVector(view, scale, shape.at(-1)) && (!shift || isVector(view, shift, shape.at(-1)));
  const [first = '', second = ''] = add.input;
  if (!last || !plain || !vectors || first === second) return undefined;
  if (!equalShapes(view.shape(first), shape) || !equalShapes(view.shape(second), shape)) return undefined;
  const [left, right] = [biased(view, first), biased(view, second)];
  if (left) return { node, add, skip: second, ...left };
  if (right) return { node, add, skip: first, ...right };
  return { node, add, input: first, skip: second };
}

function write(view: View, { node, add, input, skip, bias, biasAdd }: SkipNormalization): void {
  const { model, wiring } = view;
  const { graph } = model;
  const [sum = '', scale = '', shift = ''] = node.input;
  const inputs = [input, skip, scale, shift, ...(bias ? [bias] : [])];
  while (inputs.at(-1) === '') inputs.pop();
  const kept = wiring.isOutput(sum) || wiring.readers(sum).some((reader) => reader !== node);
  const outputs = [node.output[0] ?? '', ...(kept ? ['', '', sum] : [])];
  const epsilon = attribute(node, 'epsilon')?.f ?? 1e-5;
  const made = makeNode('SkipLayerNormalization', node.name ?? '', inputs, outputs, { epsilon: { float: epsilon } });
  made.domain = 'com.microsoft';
  importDomain(model, 'com.microsoft');
  const taken = new Set([node, add, biasAdd]);
  graph.node = [...graph.node.filter((each) => !taken.has(each)), made];
}

/**
 * LayerNormalization of a sum of two values of one shape: com.microsoft.SkipLayerNormalization of ONNX Runtime, with
 * the bias of the product before it as its own. Who reads the sum besides, gets it from there.
 */
export const skipNormalizations: Finder = (view) => {
  const taken = new Set<NodeProto>();
  return view.model.graph.node.flatMap((node) => {
    const found =
      node.opType === 'LayerNormalization' && view.maker(node.output[0], 'LayerNormalization')
        ? skipNormalizationAt(view, node)
        : undefined;
    // Two normalizations of one sum: the first of them makes it.
    if (!found || taken.has(found.add)) return [];
    taken.add(found.add);
    return [{ id: node.name ?? '', apply: () => write(view, found) }];
  });
};
