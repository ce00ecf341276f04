import { create } from '@bufbuild/protobuf';
import { attribute, setInitializer } from '../../graph.ts';
import type { Model, NodeProto, TensorProto } from '../../model.ts';
import { TensorProtoSchema } from '../../proto/gen/onnx_pb.js';
import { allKnown, isKnown, type Shape } from '../../shapes/dims.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import type { Value } from '../../shapes/value.ts';
import { bitsOf, DataType, isInteger } from '../../tensor-data/element-types.ts';
import { hasRawData } from '../../tensor-data/elements.ts';
import { subgraphs } from '../../walk.ts';
import { Wiring } from '../../wiring.ts';

const dimsOf = (shape: readonly number[]) => shape.map(BigInt);
const signed = new Set<number>([DataType.INT8, DataType.INT16, DataType.INT32, DataType.INT64]);

/** Whether numbers that were reckoned with as doubles are what the type would hold. */
function holds(type: number, elements: readonly number[]): boolean {
  if (type === DataType.FLOAT) return elements.every((value) => Math.abs(value) < 3e38);
  if (type === DataType.BOOL) return elements.every((value) => value === 0 || value === 1);
  if (!isInteger(type)) return false;
  const bits = bitsOf(type) ?? 8;
  const [least, most] = signed.has(type) ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return elements.every((value) => Number.isSafeInteger(value) && value >= least && value <= most);
}

/**
 * Values that were reckoned past what their type holds, and whatever comes of them: the engine, which wraps around, would
 * make something else of it.
 */
function overflows({ order, values }: Inference): Set<string> {
  const result = new Set<string>();
  for (const { input, output } of order) {
    const tainted = input.some((name) => result.has(name));
    for (const name of output) {
      const { type = 0, elements } = values.get(name) ?? {};
      if (tainted || (elements && type !== 0 && !holds(type, elements.filter(isKnown)))) result.add(name);
    }
  }
  return result;
}

const writers: Record<number, (elements: readonly number[]) => ArrayBufferView> = {
  [DataType.FLOAT]: (elements) => Float32Array.from(elements),
  [DataType.INT64]: (elements) => BigInt64Array.from(elements.map(BigInt)),
  [DataType.INT32]: (elements) => Int32Array.from(elements),
  [DataType.BOOL]: (elements) => Uint8Array.from(elements),
};

/** A constant of elements that inference followed; undefined for types that nobody computes sizes in. */
export function constantTensor(name: string, { type, shape, elements }: Value): TensorProto | undefined {
  const write = writers[type];
  if (!write || !elements || !allKnown(shape) || !allKnown(elements) || !holds(type, elements)) return undefined;
  const { buffer, byteOffset, byteLength } = write(elements);
  const rawData = new Uint8Array(buffer, byteOffset, byteLength).slice();
  return create(TensorProtoSchema, { name, dataType: type, dims: dimsOf(shape), rawData });
}

/** Bytes. */
const mostDoubled = 65536;
const views = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/** Weights in another shape, or in another order of their axes. */
function movedWeights(node: NodeProto, source: TensorProto, shape: Shape | undefined): TensorProto | undefined {
  const bytes = (bitsOf(source.dataType) ?? 0) / 8;
  if (!allKnown(shape) || !hasRawData(source) || !Number.isInteger(bytes)) return undefined;
  const name = node.output[0] ?? '';
  const moved = (rawData: Uint8Array) =>
    create(TensorProtoSchema, { name, dataType: source.dataType, dims: dimsOf(shape), rawData });
  if (views.has(node.opType ?? '')) return moved(source.rawData);
  if (node.opType !== 'Transpose') return undefined;
  const from = source.dims.map(Number);
  const order = attribute(node, 'perm')?.ints.map(Number) ?? from.map((_, axis) => axis).toReversed();
  const steps = from.map((_, axis) => from.slice(axis + 1).reduce((product, size) => product * size, bytes));
  const data = new Uint8Array(source.rawData.length);
  const index = shape.map(() => 0);
  for (let at = 0; at < data.length; at += bytes) {
    const start = order.reduce((sum, axis, position) => sum + (index[position] ?? 0) * (steps[axis] ?? 0), 0);
    data.set(source.rawData.subarray(start, start + bytes), at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = ((index[axis] ?? 0) + 1) % (shape[axis] ?? 1);
      if (index[axis] !== 0) break;
    }
  }
  return moved(data);
}

/** Weights that others read as they are (tied embeddings) would be in the file twice. */
const doubles = (wiring: Wiring, { name, rawData }: TensorProto): boolean =>
  rawData.length > mostDoubled && wiring.readers(name).length > 1;

function folded(wiring: Wiring, node: NodeProto, values: Inference['values']): TensorProto | undefined {
  const [name = '', ...others] = node.output;
  if (domainOf(node.domain) !== 'ai.onnx' || others.some(Boolean) || !subgraphs(node).next().done) return undefined;
  const found = values.get(name);
  if (!found || wiring.isOutput(name)) return undefined;
  const source = wiring.constant(node.input[0]);
  const constant = node.input.every((input) => !input || wiring.constant(input));
  const moved = constant && source && !doubles(wiring, source) && movedWeights(node, source, found.shape);
  return moved || constantTensor(name, found);
}

/**
 * Takes out of `made` what conditions of control flow are computed from: one that is constant makes an engine inline a
 * branch, which it then checks more strictly than it did before.
 */
function leaveConditions(order: readonly NodeProto[], made: Map<NodeProto, TensorProto>): void {
  const left = new Set<string>();
  for (const node of order.toReversed()) {
    const ownGraph = !subgraphs(node).next().done;
    const computed = made.has(node) && node.output.some((name) => left.has(name));
    if (!ownGraph && !computed) continue;
    made.delete(node);
    for (const name of node.input) left.add(name);
  }
}

/**
 * Turns nodes into initializers whose result is known before the model runs: the arithmetic of sizes as far as inference
 * follows it (integers of up to 1024 elements, floats of up to 64), and weights that are only reshaped or transposed.
 */
export function foldConstants(model: Model): boolean {
  const { graph } = model;
  const inference = inferShapes(model);
  const { order, values } = inference;
  const wrong = overflows(inference);
  const wiring = new Wiring(graph);
  // A default that whoever runs the model may replace is no constant, nor is what is made of it.
  if (graph.input.some(({ name }) => graph.initializer.some((each) => each.name === name))) return false;
  const made = new Map<NodeProto, TensorProto>();
  for (const node of order) {
    const result = wrong.has(node.output[0] ?? '') ? undefined : folded(wiring, node, values);
    if (result) made.set(node, result);
  }
  leaveConditions(order, made);
  graph.node = graph.node.filter((node) => !made.has(node));
  for (const result of made.values()) setInitializer(graph, result);
  return made.size > 0;
}
