import { clone, create } from '@bufbuild/protobuf';
import type { Dependencies, Unit } from '../../dependency/dependencies.ts';
import { attribute, initializerOf, producerOf, setAttribute, setInitializer } from '../../graph.ts';
import type { GraphProto, Model, NodeProto, TensorProto } from '../../model.ts';
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema } from '../../proto/gen/onnx_pb.js';
import { type Inference, opsetOf } from '../../shapes/infer.ts';
import { DataType } from '../../tensor-data/element-types.ts';
import { elements } from '../../tensor-data/elements.ts';
import { dims, takeAxis, tensor } from '../../tensors.ts';

/** What is left of the axes of each value: undefined where nothing is cut. */
export type Kept = (value: string, axis: number) => readonly number[] | undefined;

/** What is left when `cut` goes. */
export function keptEntries({ unitsOf }: Dependencies, cut: ReadonlySet<Unit>): Kept {
  return (value, axis) => {
    const units = unitsOf(value, axis);
    if (!units?.some((unit) => cut.has(unit))) return undefined;
    return units.flatMap((unit, index) => (cut.has(unit) ? [] : [index]));
  };
}

/** A model whose nodes and lists are its own; its tensors are those of the original, to be replaced and never changed. */
export function shallowCopy(model: Model): Model {
  const { graph } = model;
  const own = Object.assign(create(GraphProtoSchema), graph, {
    node: graph.node.map((node) => clone(NodeProtoSchema, node)),
    initializer: [...graph.initializer],
    input: [...graph.input],
    output: [...graph.output],
    valueInfo: [...graph.valueInfo],
  });
  return Object.assign(create(ModelProtoSchema), model, { graph: own }) as Model;
}

const int64 = (name: string, values: readonly number[]) =>
  tensor(name, BigInt64Array.from(values, BigInt), [values.length]);

/** Replaces entries of a vector of sizes that a node reads, where they are constant; others follow the cut themselves. */
function setSizes(
  graph: GraphProto,
  node: NodeProto,
  index: number,
  sizes: ReadonlyMap<number, number>,
  values: Inference['values'],
): void {
  const name = node.input[index];
  const constant = initializerOf(graph, name);
  if (constant) {
    const literal = Array.from<number | bigint, number>(elements(constant), Number);
    const next = literal.map((size, axis) => (size > 0 ? (sizes.get(axis) ?? size) : size));
    node.input[index] = `${node.name}.sizes`;
    setInitializer(graph, int64(`${node.name}.sizes`, next));
    return;
  }
  const concat = producerOf(graph, name);
  if (concat?.opType !== 'Concat') return;
  let offset = 0;
  for (const [part, input] of concat.input.entries()) {
    const [length] = values.get(input)?.shape ?? [];
    if (typeof length !== 'number') return;
    const within = new Map([...sizes].map(([axis, size]) => [axis - offset, size]));
    const literal = initializerOf(graph, input);
    if (literal?.dataType === DataType.INT64 && [...Array(length).keys()].some((axis) => within.has(axis))) {
      const old = Array.from<number | bigint, number>(elements(literal), Number);
      concat.input[part] = `${concat.name}.${part}`;
      setInitializer(
        graph,
        int64(
          `${concat.name}.${part}`,
          old.map((size, axis) => (size > 0 ? (within.get(axis) ?? size) : size)),
        ),
      );
    }
    offset += length;
  }
}

/** Where a node is told the sizes of its first output. */
const sizesAt: Readonly<Record<string, number>> = { Reshape: 1, Expand: 1, Resize: 3 };

function followSizes(model: Model, node: NodeProto, kept: Kept, { values }: Inference): void {
  const { graph } = model;
  const [output = ''] = node.output;
  const at = sizesAt[node.opType ?? ''];
  if (at !== undefined && node.input[at]) {
    const axes = [...(values.get(output)?.shape ?? []).keys()];
    const sizes = new Map(
      axes.flatMap((axis) => {
        const left = kept(output, axis)?.length;
        return left === undefined ? [] : [[axis, left] as const];
      }),
    );
    if (sizes.size > 0) setSizes(graph, node, at, sizes, values);
  }
  if (node.opType === 'Split') followSplit(model, node, kept, values);
  if (node.opType === 'Conv' || node.opType === 'ConvTranspose') {
    const inputs = dims(initializerOf(graph, node.input[1]) ?? tensor('', new Float32Array(0), [0]))[1];
    const left = kept(node.input[0] ?? '', 1);
    // A depthwise Conv has as many groups as channels.
    if (left && inputs === 1 && Number(attribute(node, 'group')?.i ?? 1n) > 1) setAttribute(node, 'group', left.length);
  }
}

function followSplit(model: Model, node: NodeProto, kept: Kept, values: Inference['values']): void {
  const rank = values.get(node.input[0] ?? '')?.shape?.length ?? 0;
  const given = Number(attribute(node, 'axis')?.i ?? 0n);
  const axis = given < 0 ? given + rank : given;
  if (!kept(node.input[0] ?? '', axis)) return;
  const sizes = node.output.map((name) => kept(name, axis)?.length ?? Number(values.get(name)?.shape?.[axis]));
  node.attribute = node.attribute.filter(({ name }) => name !== 'num_outputs' && name !== 'split');
  if (opsetOf(model, 'ai.onnx') < 13) setAttribute(node, 'split', sizes.map(BigInt));
  else {
    node.input = [node.input[0] ?? '', `${node.name}.sizes`];
    setInitializer(model.graph, int64(`${node.name}.sizes`, sizes));
  }
}

/** Takes entries of a tensor along an axis. */
export type Take = (source: TensorProto, axis: number, indices: readonly number[]) => TensorProto;

/** The model with only what `kept` leaves of each value: weights, and all that names their sizes. */
export function cutModel(model: Model, inference: Inference, kept: Kept, take: Take = takeAxis): Model {
  const result = shallowCopy(model);
  const { graph } = result;
  for (const node of graph.node) followSizes(result, node, kept, inference);
  const cut = new Set<string>();
  graph.initializer = graph.initializer.map((source) => {
    let next = source;
    for (const axis of source.dims.keys()) {
      const indices = kept(source.name, axis);
      if (!indices) continue;
      next = take(next, axis, indices);
      cut.add(source.name);
    }
    return next;
  });
  // An initializer that is declared an input as well would be declared with its old shape.
  graph.input = graph.input.filter(({ name = '' }) => !cut.has(name));
  if (cut.size > 0 && (result.irVersion ?? 0n) < 4n) result.irVersion = 4n;
  graph.valueInfo = graph.valueInfo.filter(({ name = '' }) => {
    const shape = inference.values.get(name)?.shape ?? [];
    return !shape.some((_, axis) => kept(name, axis));
  });
  return result;
}
