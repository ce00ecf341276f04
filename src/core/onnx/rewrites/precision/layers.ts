import { attribute } from '../../graph.ts';
import type { NodeProto, TensorProto } from '../../model.ts';
import { domainOf } from '../../shapes/registry.ts';
import { DataType, dims } from '../../tensors.ts';
import type { Wiring } from './wiring.ts';

interface Common {
  /** The node that the layer is named after. */
  node: NodeProto;
  input: string;
  /** What the layer makes: of the addition after the node where that is its bias. */
  output: string;
  weight: TensorProto;
}

/** A convolution; its weight is [channels out, channels in / groups, …]. */
export interface ConvLayer extends Common {
  kind: 'Conv';
  channels: number;
  groups: number;
  bias?: TensorProto;
  /** The addition of a constant that is the layer's bias. */
  absorbed?: NodeProto;
}

/** A product with a constant matrix: MatMul with its weight as [K, N], or Gemm. */
export interface ProductLayer extends Common {
  kind: 'Product';
  k: number;
  n: number;
  /** The weight stands as [N, K]. */
  transposed: boolean;
  alpha: number;
  beta: number;
  bias?: TensorProto;
  absorbed?: NodeProto;
}

/** Rows of a constant table [rows, columns], picked by index. */
export interface TableLayer extends Common {
  kind: 'Table';
  rows: number;
  columns: number;
}

export type Layer = ConvLayer | ProductLayer | TableLayer;

/** Below this many elements a table costs more kernels than it saves bytes. */
const leastTable = 4096;

const isFloat = (tensor: TensorProto | undefined): tensor is TensorProto => tensor?.dataType === DataType.FLOAT;
const size = (tensor: TensorProto) => dims(tensor).reduce((product, each) => product * each, 1);

/** Whether `shape` holds `size` elements, all along the axis that is `fromEnd` axes before the last. */
function along(shape: readonly number[], length: number, fromEnd: number): boolean {
  const axis = shape.length - 1 - fromEnd;
  return shape.every((each, index) => each === (index === axis ? length : 1)) && (axis >= 0 || length === 1);
}

/** The addition of a constant to `tensor` and nothing else that reads it: a bias that stands outside the layer. */
function biasAfter(wiring: Wiring, tensor: string, length: number, fromEnd: number, rank: number) {
  const node = wiring.soleReader(tensor);
  if (node?.opType !== 'Add' || domainOf(node.domain) !== 'ai.onnx') return undefined;
  const bias = wiring.constant(node.input.find((name) => name !== tensor));
  const fits = isFloat(bias) && dims(bias).length <= rank && along(dims(bias), length, fromEnd);
  return fits ? { absorbed: node, bias, output: node.output[0] ?? '' } : undefined;
}

function convLayer(node: NodeProto, wiring: Wiring): ConvLayer | undefined {
  const [input = '', weightName, biasName] = node.input;
  const weight = wiring.constant(weightName);
  const bias = wiring.constant(biasName);
  if (!isFloat(weight) || (biasName && !isFloat(bias))) return undefined;
  const [channels = 0, ...rest] = dims(weight);
  const output = node.output[0] ?? '';
  const groups = Number(attribute(node, 'group')?.i ?? 1n);
  if (channels === 0 || size(weight) === 0 || channels % groups !== 0) return undefined;
  const own = biasName ? undefined : biasAfter(wiring, output, channels, rest.length - 1, rest.length + 1);
  return { kind: 'Conv', node, input, output, weight, channels, groups, ...(bias && { bias }), ...own };
}

function matMulLayer(node: NodeProto, wiring: Wiring): ProductLayer | undefined {
  const [input = '', weightName] = node.input;
  const weight = wiring.constant(weightName);
  const rank = wiring.rank(input);
  // A vector on the left makes a result without the axis that the fused kernels keep.
  if (!isFloat(weight) || dims(weight).length !== 2 || size(weight) === 0 || !rank || rank < 2) return undefined;
  const [k = 0, n = 0] = dims(weight);
  const output = node.output[0] ?? '';
  const common = { kind: 'Product', node, input, output, weight, k, n, transposed: false, alpha: 1, beta: 1 } as const;
  return { ...common, ...biasAfter(wiring, output, n, 0, rank) };
}

function gemmLayer(node: NodeProto, wiring: Wiring): ProductLayer | undefined {
  const [input = '', weightName, biasName] = node.input;
  const weight = wiring.constant(weightName);
  const bias = wiring.constant(biasName);
  if (!isFloat(weight) || dims(weight).length !== 2 || size(weight) === 0) return undefined;
  if (attribute(node, 'transA')?.i || (biasName && !isFloat(bias))) return undefined;
  const transposed = Boolean(attribute(node, 'transB')?.i);
  const [k = 0, n = 0] = transposed ? dims(weight).toReversed() : dims(weight);
  if (bias && size(bias) !== 1 && !along(dims(bias), n, 0)) return undefined;
  const output = node.output[0] ?? '';
  const [alpha, beta] = [attribute(node, 'alpha')?.f ?? 1, attribute(node, 'beta')?.f ?? 1];
  return { kind: 'Product', node, input, output, weight, k, n, transposed, alpha, beta, ...(bias && { bias }) };
}

function tableLayer(node: NodeProto, wiring: Wiring): TableLayer | undefined {
  const [name, input = ''] = node.input;
  const weight = wiring.constant(name);
  if (!isFloat(weight) || dims(weight).length !== 2 || size(weight) < leastTable) return undefined;
  if (attribute(node, 'axis')?.i) return undefined;
  const [rows = 0, columns = 0] = dims(weight);
  return { kind: 'Table', node, input, output: node.output[0] ?? '', weight, rows, columns };
}

const readers: Record<string, (node: NodeProto, wiring: Wiring) => Layer | undefined> = {
  Conv: convLayer,
  MatMul: matMulLayer,
  Gemm: gemmLayer,
  Gather: tableLayer,
};

/** The operators that INT8 is written with are there from this operator set on (QLinearConv, DynamicQuantizeLinear). */
export const leastOpset = 11;

/**
 * The layers with constant FLOAT weights, in the order they run. What is quantised already has no such weights, and is
 * none of them; a model of an operator set that is too old for INT8 has none.
 */
export function layersOf(wiring: Wiring): Layer[] {
  if (wiring.opset < leastOpset) return [];
  return wiring.order.flatMap((node) => {
    const operator = node.opType ?? '';
    if (domainOf(node.domain) !== 'ai.onnx' || !Object.hasOwn(readers, operator)) return [];
    return readers[operator]?.(node, wiring) ?? [];
  });
}

/** Whether a static INT8 kernel can make 8-bit codes of the layer: QGemm adds a bias to a matrix, QLinearMatMul none. */
export function makesCodes(layer: Layer, wiring: Wiring): boolean {
  if (layer.kind !== 'Product') return layer.kind === 'Conv';
  return !layer.bias || isMatrixProduct(layer, wiring);
}

/** Whether the input is a matrix: what QGemm takes. */
export const isMatrixProduct = ({ node, input }: ProductLayer, wiring: Wiring): boolean =>
  node.opType === 'Gemm' || wiring.rank(input) === 2;
