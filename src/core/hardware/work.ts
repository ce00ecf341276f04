import type { HardwareFacts, KernelKind } from '../../api/hardware-profile.ts';
import type { Work } from '../../api/trial.ts';
import { modelCost, type NodeCost } from '../onnx/cost/cost.ts';
import { attribute } from '../onnx/graph.ts';
import type { Model, NodeProto } from '../onnx/model.ts';
import type { Shape } from '../onnx/shapes/dims.ts';
import type { Inference } from '../onnx/shapes/infer.ts';

type Values = Inference['values'];

const convolutions = /^(Fused|Nhwc)?Conv$|^ConvInteger$|^QLinearConv$/;
const products =
  /^(Fused)?(MatMul|Gemm)$|^MatMul(Integer|IntegerToFloat|NBits)$|^(QLinearMatMul|QGemm|DynamicQuantizeMatMul)$/;

/** Where the weights stand among the inputs: quantised operators have scale and zero point of the input before them. */
const weightAt = (node: NodeProto) => (/^(QLinear|QGemm)/.test(node.opType ?? '') ? 3 : 1);

const product = (shape: Shape) =>
  shape.reduce<number>((total, size) => total * (typeof size === 'number' ? size : 1), 1);

/** The kind of a layer with constant weights, in whatever precision it is written; undefined for any other node. */
export function kindOf(node: NodeProto, values: Values, constant: (name: string) => boolean): KernelKind | undefined {
  const operator = node.opType ?? '';
  const name = node.input[weightAt(node)] ?? '';
  const weight = values.get(name)?.shape;
  if (!weight || !constant(name)) return undefined;
  if (convolutions.test(operator)) {
    const group = Number(attribute(node, 'group')?.i ?? 1n);
    if (group > 1 && weight[1] === 1) return 'DepthwiseConv';
    return product(weight.slice(2)) === 1 ? 'PointwiseConv' : 'Conv';
  }
  if (!products.test(operator)) return undefined;
  const output = values.get(node.output[0] ?? '')?.shape ?? [];
  return product(output.slice(0, -1)) === 1 ? 'VectorMatMul' : 'MatMul';
}

function layersOf(nodes: readonly NodeCost[], model: Model, values: Values): Work['layers'] {
  const initial = new Set(model.graph.initializer.map(({ name }) => name));
  const made = new Map<string, boolean>();
  // Weights of 8 bits may be dequantised first: what is made of constants is one.
  for (const { node, folded } of nodes) for (const name of node.output) made.set(name, folded);
  const constant = (name: string) => initial.has(name) || made.get(name) === true;
  const macs = new Map<KernelKind, number>();
  for (const each of nodes) {
    const kind = each.folded ? undefined : kindOf(each.node, values, constant);
    if (kind) macs.set(kind, (macs.get(kind) ?? 0) + each.macs);
  }
  return Array.from(macs, ([kind, count]) => ({ kind, macs: count }));
}

/**
 * What one run of a model is made of; `dims` binds the sizes that its inputs leave open, others count as 1. Throws
 * ModelError like modelCost.
 */
export function workOf(model: Model, dims: Record<string, number>, caches: HardwareFacts['cacheBytes']): Work {
  const cost = modelCost(model, { dims });
  const running = cost.nodes.filter(({ folded, workingSetBytes }) => !folded && workingSetBytes > 0);
  const share = (bytes: number | undefined) =>
    bytes === undefined || running.length === 0
      ? undefined
      : running.filter(({ workingSetBytes }) => workingSetBytes <= bytes).length / running.length;
  return {
    ...{ macs: cost.macs, bytesMoved: cost.bytesRead + cost.bytesWritten, weightBytes: cost.weightBytes },
    peakActivationBytes: cost.peakActivationBytes,
    layers: layersOf(cost.nodes, model, cost.inference.values),
    fits: { l1: share(caches.l1d), l2: share(caches.l2), l3: share(caches.l3) },
  };
}
