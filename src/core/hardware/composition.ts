import type { Precision } from '../../api/candidate.ts';
import type { Abilities } from '../../api/hardware-profile.ts';
import type { Work, WorkPart } from '../../api/work.ts';
import type { NodeCost } from '../onnx/cost/cost.ts';
import { attribute } from '../onnx/graph.ts';
import type { Model, NodeProto } from '../onnx/model.ts';
import type { Shape } from '../onnx/shapes/dims.ts';
import type { Inference } from '../onnx/shapes/infer.ts';
import { DataType } from '../onnx/tensors.ts';

type Values = Inference['values'];
type PartKind = WorkPart['kind'];
type LayerKind = Abilities['kernels'][number]['kind'];

const convolutions = /^(Fused|Nhwc)?Conv$|^ConvInteger$|^QLinearConv$/;
const products =
  /^(Fused)?(MatMul|Gemm)$|^MatMul(Integer|IntegerToFloat|NBits)$|^(QLinearMatMul|QGemm|DynamicQuantizeMatMul)$/;

/** What operators without weights of their own are to an engine: passes over memory of one kind or another. */
const passes: [PartKind, RegExp][] = [
  ['Attention', /Attention$/],
  ['Quantise', /^(Dynamic)?QuantizeLinear$|^DequantizeLinear$|^Cast$/],
  ['Normalisation', /Normalization$|Layernorm$/i],
  ['Softmax', /Softmax$/],
  ['Pool', /Pool$|^Reduce/],
  ['Activation', /Relu$|Gelu$|Sigmoid$|Swish$|^Tanh$|^Erf$|^Clip$|^Exp$|^Elu$|^Selu$/],
  ['Movement', /^(Transpose|Concat|Slice|Split|Gather|Expand|Pad|Resize|Reorder|Tile|Where|ScatterND)/],
];

/** Where the weights stand among the inputs: quantised operators have scale and zero point of the input before them. */
const weightAt = (node: NodeProto) => (/^(QLinear|QGemm)/.test(node.opType ?? '') ? 3 : 1);

const product = (shape: Shape) =>
  shape.reduce<number>((total, size) => total * (typeof size === 'number' ? size : 1), 1);

/** The kind of a layer with constant weights, in whatever precision it is written; undefined for any other node. */
export function kindOf(node: NodeProto, values: Values, constant: (name: string) => boolean): LayerKind | undefined {
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

/** The precision that an engine computes a layer in, by the operator that it was fused to. */
function precisionOf(node: NodeProto, values: Values): Precision {
  const operator = node.opType ?? '';
  if (/^QLinear|^QGemm$/.test(operator)) return 'INT8Static';
  if (/Integer|^DynamicQuantize/.test(operator)) return 'INT8Dynamic';
  if (operator === 'MatMulNBits') return 'INT4';
  return values.get(node.input[weightAt(node)] ?? '')?.type === DataType.FLOAT16 ? 'FP16' : 'FP32';
}

const passOf = (node: NodeProto): PartKind =>
  passes.find(([, operators]) => operators.test(node.opType ?? ''))?.[0] ?? 'Elementwise';

/** A result travels in a termination message: beyond these, parts come to nothing. */
const mostParts = 16;

/** What runs of the graph, by kind: layers with weights in each precision, and passes over activations. */
export function partsOf(nodes: readonly NodeCost[], model: Model, values: Values): WorkPart[] {
  const initial = new Set(model.graph.initializer.map(({ name }) => name));
  const made = new Map<string, boolean>();
  // Weights of 8 bits may be dequantised first: what is made of constants is one.
  for (const { node, folded } of nodes) for (const name of node.output) made.set(name, folded);
  const constant = (name: string) => initial.has(name) || made.get(name) === true;
  const parts = new Map<string, WorkPart>();
  for (const { node, folded, macs, bytesRead, bytesWritten, workingSetBytes } of nodes) {
    if (folded || workingSetBytes === 0) continue;
    const layer = kindOf(node, values, constant);
    const precision = layer && precisionOf(node, values);
    const kind = layer ?? (macs > 0 ? 'Attention' : passOf(node));
    const key = `${kind} ${precision}`;
    const part = parts.get(key) ?? { kind, ...(precision && { precision }), count: 0, macs: 0, bytes: 0 };
    const bytes = part.bytes + bytesRead + bytesWritten;
    parts.set(key, { ...part, count: part.count + 1, macs: part.macs + macs, bytes });
  }
  return [...parts.values()].sort((a, b) => b.macs - a.macs || b.bytes - a.bytes).slice(0, mostParts);
}

/** One part with the time that an accelerator's own figures give it. */
export interface PartTime {
  part: WorkPart;
  ms: number;
}

/**
 * How long each part of a run should take by an accelerator's table, in milliseconds: layers by the rate of their kind
 * and precision, or by the bytes that they move where that takes longer (Williams et al. 2009, Roofline); passes by
 * their bytes, through the second cache where its bandwidth is known.
 */
export function partTimes({ parts }: Pick<Work, 'parts'>, { kernels, bandwidthGBps, peakGops }: Abilities): PartTime[] {
  const { memory, l2 = memory } = bandwidthGBps;
  const rateOf = ({ kind, precision }: WorkPart) =>
    kernels.find((one) => one.kind === kind && one.precision === precision)?.gops ??
    kernels.find((one) => one.kind === kind && one.precision === 'FP32')?.gops ??
    peakGops.fp32;
  return parts.map((part) => {
    const computing = part.macs > 0 ? (2 * part.macs) / Math.max(rateOf(part), 1e-9) / 1e6 : 0;
    return { part, ms: Math.max(computing, part.bytes / Math.max(l2, 1e-9) / 1e6) };
  });
}
