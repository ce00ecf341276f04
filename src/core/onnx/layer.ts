import { attribute, makeNode } from './graph.ts';
import type { NodeProto } from './model.ts';
import { DataType, dims, floats, tensor } from './tensors.ts';
import { freshName, type Wiring } from './wiring.ts';

/**
 * A linear map of channels to channels with constant weights: Conv, Gemm, or MatMul with the Add of constants that
 * alone follows it.
 */
export interface Layer {
  node: NodeProto;
  /** The Add behind a MatMul that holds its bias. */
  add?: NodeProto | undefined;
  input: string;
  /** What the layer makes, its bias included. */
  output: string;
  inputs: number;
  outputs: number;
  group: number;
  shape: readonly number[];
  /** Read when it is asked for first: what only looks where layers stand need not copy their weights. */
  readonly weight: Float32Array;
  bias?: Float32Array | undefined;
  /** Where the channels of the input and the output stand: 1, or the last axis for MatMul. */
  channelAxis: 1 | -1;
  /** The output channel and the input channel of a weight, by its place. */
  outOf(place: number): number;
  inOf(place: number): number;
}

const isDefault = (node: NodeProto, operator: string) =>
  node.opType === operator && (!node.domain || node.domain === 'ai.onnx');

const intOf = (node: NodeProto, name: string, fallback: number) => Number(attribute(node, name)?.i ?? fallback);

interface Weights {
  shape: number[];
  size: number;
  read(): Float32Array;
}

function weightsOf(wiring: Wiring, name: string | undefined): Weights | undefined {
  const found = wiring.constant(name);
  if (found?.dataType !== DataType.FLOAT || found.externalData.length > 0) return undefined;
  const shape = dims(found);
  let known: Float32Array | undefined;
  const read = () => {
    known ??= floats(found);
    return known;
  };
  return { shape, size: shape.reduce((product, extent) => product * extent, 1), read };
}

/** A vector of `size` floats from a constant that broadcasts along all axes but `axis` (from the end). */
export function perChannel(
  wiring: Wiring,
  name: string | undefined,
  size: number,
  fromEnd: number,
): Float32Array | undefined {
  const found = weightsOf(wiring, name);
  if (!found) return undefined;
  const { shape } = found;
  if (found.size === 1 && shape.length <= fromEnd + 1) return new Float32Array(size).fill(found.read()[0] ?? 0);
  const at = shape.length - 1 - fromEnd;
  const fits = shape[at] === size && shape.every((extent, axis) => axis === at || extent === 1);
  return fits ? found.read() : undefined;
}

function convLayer(wiring: Wiring, node: NodeProto): Layer | undefined {
  const found = weightsOf(wiring, node.input[1]);
  if (!found || found.shape.length < 3) return undefined;
  const { shape, read } = found;
  const group = intOf(node, 'group', 1);
  const [outputs = 0, within = 0] = shape;
  const bias = node.input[2] ? weightsOf(wiring, node.input[2])?.read() : undefined;
  if ((node.input[2] && bias?.length !== outputs) || outputs % group !== 0 || within === 0) return undefined;
  const taps = found.size / (outputs * within);
  const outOf = (place: number) => Math.floor(place / (taps * within));
  const inOf = (place: number) =>
    Math.floor(outOf(place) / (outputs / group)) * within + (Math.floor(place / taps) % within);
  const [input = '', output = ''] = [node.input[0], node.output[0]];
  return {
    node,
    input,
    output,
    inputs: within * group,
    outputs,
    group,
    shape,
    get weight() {
      return read();
    },
    bias,
    channelAxis: 1,
    outOf,
    inOf,
  };
}

function gemmLayer(wiring: Wiring, node: NodeProto): Layer | undefined {
  const found = weightsOf(wiring, node.input[1]);
  const factor = (name: string) => attribute(node, name)?.f ?? 1;
  if (!found || intOf(node, 'transA', 0) || factor('alpha') !== 1 || factor('beta') !== 1) return undefined;
  const { shape, read } = found;
  const transposed = intOf(node, 'transB', 0) === 1;
  const [first = 0, second = 0] = shape;
  const [inputs, outputs] = transposed ? [second, first] : [first, second];
  const bias = node.input[2] ? perChannel(wiring, node.input[2], outputs, 0) : undefined;
  if ((node.input[2] && !bias) || shape.length !== 2 || found.size === 0) return undefined;
  const [row, column] = [(place: number) => Math.floor(place / second), (place: number) => place % second];
  const places = transposed ? { outOf: row, inOf: column } : { outOf: column, inOf: row };
  const [input = '', output = ''] = [node.input[0], node.output[0]];
  return {
    ...{ node, input, output, inputs, outputs, group: 1, shape, bias, channelAxis: 1, ...places },
    get weight() {
      return read();
    },
  };
}

function matMulLayer(wiring: Wiring, node: NodeProto): Layer | undefined {
  const found = weightsOf(wiring, node.input[1]);
  if (found?.shape.length !== 2 || found.size === 0) return undefined;
  const { shape, read } = found;
  const [inputs = 0, outputs = 0] = shape;
  const [input = '', product = ''] = [node.input[0], node.output[0]];
  const next = wiring.onlyReader(product);
  const other = next?.input.find((name) => name !== product);
  // A bias of a higher rank could give the sum a higher rank than the product has.
  const flat = (wiring.constant(other)?.dims.length ?? 2) <= 1;
  const bias = next && flat && isDefault(next, 'Add') ? perChannel(wiring, other, outputs, 0) : undefined;
  const add = bias ? next : undefined;
  const outOf = (place: number) => place % outputs;
  const inOf = (place: number) => Math.floor(place / outputs);
  const output = add?.output[0] ?? product;
  return {
    ...{ node, add, input, output, inputs, outputs, group: 1, shape, bias, channelAxis: -1, outOf, inOf },
    get weight() {
      return read();
    },
  };
}

/** The layer of a node; undefined where it is none, or its weights are not constant FLOAT. */
export function layerOf(wiring: Wiring, node: NodeProto | undefined): Layer | undefined {
  if (!node) return undefined;
  if (isDefault(node, 'Conv')) return convLayer(wiring, node);
  if (isDefault(node, 'Gemm')) return gemmLayer(wiring, node);
  return isDefault(node, 'MatMul') ? matMulLayer(wiring, node) : undefined;
}

/** The layer that makes a value, the bias of a MatMul followed back. */
export function layerMaking(wiring: Wiring, name: string | undefined): Layer | undefined {
  const maker = wiring.maker(name);
  const behind = maker && isDefault(maker, 'Add') ? maker.input.map((input) => wiring.maker(input)) : [maker];
  return behind.map((node) => layerOf(wiring, node)).find((layer) => layer?.output === name);
}

/** Whether every weight meets every input, so that a constant added to the input is one added to the output. */
export function isUnpadded({ node }: Layer): boolean {
  if (node.opType !== 'Conv') return true;
  const auto = new TextDecoder().decode(attribute(node, 'auto_pad')?.s ?? new Uint8Array());
  return (
    auto === 'VALID' || (!auto.startsWith('SAME') && (attribute(node, 'pads')?.ints ?? []).every((pad) => pad === 0n))
  );
}

/** y' = scale·y + shift for each output channel. */
export function scaledOutputs(layer: Layer, scale: ArrayLike<number>, shift: ArrayLike<number>): Layer {
  const weight = layer.weight.map((value, place) => value * (scale[layer.outOf(place)] ?? 1));
  const bias = Float32Array.from({ length: layer.outputs }, (_, c) => {
    return (layer.bias?.[c] ?? 0) * (scale[c] ?? 1) + (shift[c] ?? 0);
  });
  return { ...layer, weight, bias };
}

/** The layer that takes x where it took scale·x + shift; right at the edges only where it `isUnpadded`. */
export function scaledInputs(layer: Layer, scale: ArrayLike<number>, shift: ArrayLike<number>): Layer {
  const added = new Float64Array(layer.outputs);
  const weight = layer.weight.map((value, place) => {
    const [from, to] = [layer.inOf(place), layer.outOf(place)];
    added[to] = (added[to] ?? 0) + value * (shift[from] ?? 0);
    return value * (scale[from] ?? 1);
  });
  const shifted = added.some((value) => value !== 0);
  const bias =
    shifted || layer.bias ? Float32Array.from(added, (value, c) => value + (layer.bias?.[c] ?? 0)) : undefined;
  return { ...layer, weight, bias };
}

/**
 * Gives the layer's node the weights and bias of `layer`, as initializers of its own. A MatMul without a place for its
 * bias gets an Add, which then makes what the MatMul made.
 */
export function writeLayer(wiring: Wiring, layer: Layer): void {
  const { graph } = wiring;
  const { node, add, bias } = layer;
  const store = (suffix: string, data: Float32Array, shape: readonly number[]) => {
    const name = freshName(graph, `${node.name}.${suffix}`);
    wiring.define(tensor(name, data, shape));
    return name;
  };
  node.input[1] = store('rewritten_weight', layer.weight, layer.shape);
  if (!bias) return;
  const name = store('rewritten_bias', bias, [bias.length]);
  if (node.opType !== 'MatMul') {
    node.input[2] = name;
  } else if (add) {
    add.input = [node.output[0] ?? '', name];
  } else {
    const product = freshName(graph, `${node.name}.product`);
    const made = makeNode('Add', freshName(graph, `${node.name}.add`), [product, name], [layer.output]);
    node.output = [product];
    graph.node.splice(graph.node.indexOf(node) + 1, 0, made);
    for (const changed of [node, made]) wiring.note(changed);
  }
}
