import type { Model, NodeProto } from '../../model.ts';
import { allKnown, isKnown, type Shape } from '../../shapes/dims.ts';
import type { Inference } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import { type Window, windowOf } from '../../window.ts';
import { Wiring } from '../../wiring.ts';

/** One node of a chain over feature maps, with its window where it looks at neighbours. */
export interface Stage {
  node: NodeProto;
  window?: Window | undefined;
  /** Rows of what it reads and of what it makes. */
  from: number;
  to: number;
}

const elementwise = new Set(
  'Relu LeakyRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Selu Softplus Mish Gelu BatchNormalization Identity'.split(
    ' ',
  ),
);
/** The chain ends before maps that are smaller than this share of the largest: they fit where the large ones don't. */
const least = 1 / 4;

function kernelOf(wiring: Wiring, node: NodeProto): number[] | undefined {
  if (node.opType === 'Conv') return wiring.constant(node.input[1])?.dims.slice(2).map(Number);
  // The mean over a padded window depends on where the edge is.
  if (node.opType !== 'MaxPool' || node.output.length > 1) return undefined;
  return node.attribute.find(({ name }) => name === 'kernel_shape')?.ints.map(Number);
}

function stageOf(wiring: Wiring, node: NodeProto, value: string, { values }: Inference): Stage | undefined {
  const shapes = [values.get(value)?.shape, values.get(node.output[0] ?? '')?.shape];
  const [from, to] = shapes.map((shape) => (shape?.length === 4 ? shape[2] : undefined));
  if (domainOf(node.domain) !== 'ai.onnx' || node.input[0] !== value || from === undefined || to === undefined)
    return undefined;
  if (!isKnown(from) || !isKnown(to) || !node.input.slice(1).every((name) => !name || wiring.constant(name)))
    return undefined;
  if (elementwise.has(node.opType ?? '')) return node.output.length === 1 ? { node, from, to } : undefined;
  const kernel = kernelOf(wiring, node);
  const window = kernel?.length === 2 ? windowOf(node, kernel) : undefined;
  return window && { node, window, from, to };
}

/**
 * The nodes that follow each other from an input of images on, each read by the next alone, as long as feature maps are
 * large. Empty where there is no such chain, or it looks at no neighbours.
 */
export function chainFrom({ graph }: Model, input: string, inference: Inference): Stage[] {
  const wiring = new Wiring(graph);
  const stages: Stage[] = [];
  for (let value = input; ; ) {
    const next = wiring.onlyReader(value);
    const stage = next && stageOf(wiring, next, value, inference);
    if (!stage) break;
    stages.push(stage);
    value = stage.node.output[0] ?? '';
  }
  const sizes: number[] = stages.map(({ node }) => {
    const shape: Shape | undefined = inference.values.get(node.output[0] ?? '')?.shape?.slice(1);
    return allKnown(shape) ? shape.reduce((product, size) => product * size, 1) : 0;
  });
  const most = Math.max(...sizes);
  const end = sizes.findIndex((size, index) => index > sizes.indexOf(most) && size < least * most);
  const chain = end < 0 ? stages : stages.slice(0, end);
  return chain.filter(({ window }) => window).length >= 2 ? chain : [];
}
