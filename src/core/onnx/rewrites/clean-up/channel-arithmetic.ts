import { type Layer, layerOf, perChannel, scaledOutputs, writeLayer } from '../../layer.ts';
import type { Model, NodeProto } from '../../model.ts';
import { domainOf } from '../../shapes/registry.ts';
import { bypass, Wiring } from '../../wiring.ts';

const operators = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** What a node with a constant operand does to each channel of a Conv or Gemm: scale and shift; undefined for others. */
function affineOf(
  wiring: Wiring,
  node: NodeProto,
  layer: Layer,
): [scale: Float32Array, shift: Float32Array] | undefined {
  const at = node.input.indexOf(layer.output);
  const fromEnd = layer.shape.length - 2;
  const other = node.input[1 - at];
  // More axes than the layer makes would give the result more axes.
  if ((wiring.constant(other)?.dims.length ?? 99) > layer.shape.length) return undefined;
  const operand = perChannel(wiring, other, layer.outputs, fromEnd);
  if (!operand) return undefined;
  const [ones, none] = [new Float32Array(layer.outputs).fill(1), new Float32Array(layer.outputs)];
  if (node.opType === 'Add') return [ones, operand];
  if (node.opType === 'Mul') return [operand, none];
  if (at !== 0) return undefined;
  if (node.opType === 'Sub') return [ones, operand.map((value) => -value)];
  return operand.every((value) => value !== 0) ? [operand.map((value) => 1 / value), none] : undefined;
}

/** Folds constants that are added to, or multiplied with, the channels of a Conv or Gemm into its weights. */
export function foldChannelArithmetic({ graph }: Model): boolean {
  let changed = false;
  const wiring = new Wiring(graph);
  for (const node of [...graph.node]) {
    // Seen before the weights are read, which takes a copy of them.
    const next = node.opType === 'MatMul' ? undefined : wiring.onlyReader(node.output[0]);
    if (!next || domainOf(next.domain) !== 'ai.onnx' || !operators.has(next.opType ?? '')) continue;
    const layer = layerOf(wiring, node);
    if (layer?.channelAxis !== 1) continue;
    const affine = affineOf(wiring, next, layer);
    if (!affine || !bypass(wiring, next, layer.output)) continue;
    writeLayer(wiring, scaledOutputs(layer, ...affine));
    changed = true;
  }
  return changed;
}
