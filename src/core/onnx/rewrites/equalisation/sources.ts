import { type Layer, layerOf, scaledOutputs, writeLayer } from '../../layer.ts';
import type { NodeProto } from '../../model.ts';
import { domainOf } from '../../shapes/registry.ts';
import { DataType, dims, floats, tensor } from '../../tensors.ts';
import { freshName, type Wiring } from '../../wiring.ts';
import type { View } from './paths.ts';

/** Where channels get their magnitude from: constants of a layer, or of an affine normalisation. */
export interface Source {
  node: NodeProto;
  output: string;
  axis: number;
  channels: number;
  /** Multiplies each channel of the output by a factor. */
  multiply(factors: Float64Array): void;
}

/** The inputs of normalisations that are multiplied and added last, one value for each element of the last axis. */
const normalisations: Record<string, readonly number[]> = {
  'ai.onnx LayerNormalization': [1, 2],
  'ai.onnx RMSNormalization': [1],
  'ai.onnx SimplifiedLayerNormalization': [1],
  'com.microsoft SkipLayerNormalization': [2, 3],
  'com.microsoft SkipSimplifiedLayerNormalization': [2],
};

/** Whether a constant holds a FLOAT for each of `count` elements of the last axis, and for nothing else. */
function isVector(wiring: Wiring, name: string | undefined, count: number): boolean {
  const found = wiring.constant(name);
  if (found?.dataType !== DataType.FLOAT || found.externalData.length > 0) return false;
  const shape = dims(found);
  return shape.at(-1) === count && shape.slice(0, -1).every((size) => size === 1);
}

/** Gives a node constants of its own in place of those at `places`, multiplied by factors. */
function multiplyInputs(wiring: Wiring, node: NodeProto, places: readonly number[], factors: Float64Array): void {
  for (const place of places) {
    const constant = wiring.constant(node.input[place]);
    if (!constant) continue;
    const name = freshName(wiring.graph, `${node.name}.equalised`);
    const values = floats(constant).map((value, c) => value * (factors[c] ?? 1));
    wiring.define(tensor(name, values, dims(constant)));
    node.input[place] = name;
  }
}

function layerSource({ wiring, values }: View, layer: Layer): Source | undefined {
  const shape = values.get(layer.output)?.shape;
  if (!shape) return undefined;
  const axis = layer.channelAxis === 1 ? 1 : shape.length - 1;
  if (shape[axis] !== layer.outputs) return undefined;
  return {
    ...{ node: layer.node, output: layer.output, axis, channels: layer.outputs },
    multiply: (factors) => {
      const scaled = scaledOutputs(layer, factors, []);
      // A layer without a bias needs none: another operator would be slower.
      writeLayer(wiring, { ...scaled, bias: layer.bias && scaled.bias });
    },
  };
}

/** A product with a constant vector and the sum that alone follows it: what is last in a normalisation of single operators. */
function affineSource({ wiring, values }: View, node: NodeProto): Source | undefined {
  const [product = ''] = node.output;
  const shape = values.get(product)?.shape;
  const channels = shape?.at(-1);
  if (!shape || typeof channels !== 'number' || channels < 2) return undefined;
  const vectorOf = ({ input }: NodeProto) => input.findIndex((name) => isVector(wiring, name, channels));
  const place = vectorOf(node);
  // With a constant on both sides there is nothing to normalise.
  if (place < 0 || wiring.constant(node.input[1 - place])) return undefined;
  const next = wiring.onlyReader(product);
  const isSum = next?.opType === 'Add' && domainOf(next.domain) === 'ai.onnx' && vectorOf(next) >= 0;
  const output = (isSum && next.output[0]) || product;
  if (values.get(output)?.shape?.length !== shape.length) return undefined;
  return {
    ...{ node, output, axis: shape.length - 1, channels },
    multiply: (factors) => {
      multiplyInputs(wiring, node, [place], factors);
      if (isSum) multiplyInputs(wiring, next, [vectorOf(next)], factors);
    },
  };
}

/** The source that a node is; undefined where it is none, or its constants are not known. */
export function sourceOf(view: View, node: NodeProto): Source | undefined {
  const { wiring, values } = view;
  const layer = layerOf(wiring, node);
  if (layer) return layerSource(view, layer);
  const domain = domainOf(node.domain);
  if (domain === 'ai.onnx' && node.opType === 'Mul') return affineSource(view, node);
  const operator = `${domain} ${node.opType}`;
  if (!Object.hasOwn(normalisations, operator)) return undefined;
  const places = (normalisations[operator] ?? []).filter((place) => node.input[place]);
  const [output = ''] = node.output;
  const shape = values.get(output)?.shape;
  const channels = shape?.at(-1);
  if (!shape || typeof channels !== 'number' || channels < 2) return undefined;
  if (!places.every((place) => isVector(wiring, node.input[place], channels))) return undefined;
  return {
    ...{ node, output, axis: shape.length - 1, channels },
    multiply: (factors) => multiplyInputs(wiring, node, places, factors),
  };
}
