import { create } from '@bufbuild/protobuf';
import { addOutputs, makeNode, prune, setInitializer } from '../graph.ts';
import { copy, type GraphProto, type Model, ModelError } from '../model.ts';
import { ValueInfoProtoSchema } from '../proto/gen/onnx_pb.js';
import { inferShapes, opsetOf } from '../shapes/infer.ts';
import { DataType, tensor } from '../tensors.ts';
import type { Need } from './observations.ts';

/** The outputs of an observing model that belong to one need. */
export interface Probe {
  need: Need;
  /** Range: the least and the greatest value. Moments: the shape of the tensor, Σx and Σx xᵀ; spread: Σx² instead. Bounds: min x and max x. */
  outputs: readonly string[];
}

export interface ObservingModel {
  model: Model;
  probes: Probe[];
}

/** A reduction over `axes`, or over all of them: until `inputSince` axes are an attribute, from then on an input. */
function reduction(graph: GraphProto, opset: number, operator: string, at: string, input: string, axes?: number[]) {
  const inputSince = operator === 'ReduceSum' ? 13 : 18;
  if (!axes || opset < inputSince) {
    return makeNode(operator, at, [input], [at], { keepdims: 0, ...(axes && { axes }) });
  }
  setInitializer(graph, tensor(`${at}.axes`, BigInt64Array.from(axes, BigInt), [axes.length]));
  return makeNode(operator, at, [input, `${at}.axes`], [at], { keepdims: 0 });
}

function probeRange(graph: GraphProto, opset: number, name: string): string[] {
  const [least, greatest] = [`${name}.observed_min`, `${name}.observed_max`];
  graph.node.push(
    reduction(graph, opset, 'ReduceMin', least, name),
    reduction(graph, opset, 'ReduceMax', greatest, name),
  );
  addOutputs(graph, [least, greatest]);
  return [least, greatest];
}

function probeSpread(graph: GraphProto, opset: number, name: string, axis: number, rank: number) {
  const at = (suffix: string) => `${name}.spread_${axis}_${suffix}`;
  const others = [...Array(rank).keys()].filter((each) => each !== axis);
  graph.node.push(
    makeNode('Shape', at('shape'), [name], [at('shape')]),
    reduction(graph, opset, 'ReduceSum', at('sum'), name, others),
    reduction(graph, opset, 'ReduceSumSquare', at('squares'), name, others),
  );
  addShape(graph, at('shape'));
  addOutputs(graph, [at('sum'), at('squares')]);
  return [at('shape'), at('sum'), at('squares')];
}

function probeBounds(graph: GraphProto, opset: number, name: string, axis: number, rank: number) {
  const at = (suffix: string) => `${name}.bounds_${axis}_${suffix}`;
  const others = [...Array(rank).keys()].filter((each) => each !== axis);
  graph.node.push(
    reduction(graph, opset, 'ReduceMin', at('min'), name, others),
    reduction(graph, opset, 'ReduceMax', at('max'), name, others),
  );
  addOutputs(graph, [at('min'), at('max')]);
  return [at('min'), at('max')];
}

function addShape(graph: GraphProto, name: string): void {
  const value = { case: 'tensorType' as const, value: { elemType: DataType.INT64 } };
  graph.output.push(create(ValueInfoProtoSchema, { name, type: { value } }));
}

/** The tensor as a matrix of positions by channels, its column sums, and its product with itself. */
function probeMoments(graph: GraphProto, opset: number, name: string, axis: number, rank: number, size: number) {
  const at = (suffix: string) => `${name}.observed_${axis}_${suffix}`;
  const order = [...Array(rank).keys()].filter((each) => each !== axis).concat(axis);
  setInitializer(graph, tensor(at('matrix_shape'), BigInt64Array.of(-1n, BigInt(size)), [2]));
  graph.node.push(
    makeNode('Shape', at('shape'), [name], [at('shape')]),
    makeNode('Transpose', at('channels_last'), [name], [at('channels_last')], { perm: order }),
    makeNode('Reshape', at('matrix'), [at('channels_last'), at('matrix_shape')], [at('matrix')]),
    makeNode('Transpose', at('transposed'), [at('matrix')], [at('transposed')], { perm: [1, 0] }),
    reduction(graph, opset, 'ReduceSum', at('sum'), at('matrix'), [0]),
    makeNode('MatMul', at('second'), [at('transposed'), at('matrix')], [at('second')]),
  );
  addShape(graph, at('shape'));
  addOutputs(graph, [at('sum'), at('second')]);
  return [at('shape'), at('sum'), at('second')];
}

/**
 * The model with only those outputs that answer `needs`, reduced by the engine before they leave it, so that a
 * calibration pass never holds activations. Throws ModelError where the channels of a tensor can't be counted, and
 * where a need names nothing of the model.
 */
export function observingModel(model: Model, needs: readonly Need[]): ObservingModel {
  const result = copy(model);
  const { graph } = result;
  const { values } = inferShapes(model);
  const opset = opsetOf(model, 'ai.onnx');
  graph.output = [];
  const unique = new Map(needs.map((need) => [`${need.kind} ${need.tensor} ${'axis' in need ? need.axis : ''}`, need]));
  const probes = [...unique.values()].map((need): Probe => {
    const found = values.get(need.tensor);
    if (!found) throw new ModelError(`the model has no value "${need.tensor}" to observe`);
    if (need.kind === 'range') return { need, outputs: probeRange(graph, opset, need.tensor) };
    const size = found.shape?.[need.axis];
    if (!found.shape || typeof size !== 'number') {
      throw new ModelError(`the size of axis ${need.axis} of "${need.tensor}" is not known: it can't be observed`);
    }
    if (need.kind === 'spread') {
      return { need, outputs: probeSpread(graph, opset, need.tensor, need.axis, found.shape.length) };
    }
    if (need.kind === 'bounds') {
      return { need, outputs: probeBounds(graph, opset, need.tensor, need.axis, found.shape.length) };
    }
    return { need, outputs: probeMoments(graph, opset, need.tensor, need.axis, found.shape.length, size) };
  });
  prune(graph);
  return { model: result, probes };
}
