import { z } from 'zod';
import { attribute, initializerOf, prune, rewire, setAttribute, setInitializer } from './graph.ts';
import { copy, type GraphProto, type Model, ModelError } from './model.ts';
import { dims, sliceAxis } from './tensors.ts';

const name = z.string().min(1).max(64);
const choices = z.array(z.int().min(1).max(65_536)).min(1).max(16);

const Depth = z.object({
  name,
  kind: z.literal('depth'),
  choices,
  blocks: z.array(z.object({ nodes: z.array(z.string()).min(1), input: z.string(), output: z.string() })).min(1),
});
const Width = z.object({
  name,
  kind: z.literal('width'),
  choices,
  slices: z.array(z.object({ initializer: z.string(), axis: z.int().min(0) })).min(1),
});
const Kernel = z.object({ name, kind: z.literal('kernel'), choices, convolutions: z.array(z.string()).min(1) });

/**
 * What whoever trained a supernet declares of it: its elastic dimensions, by the names in the ONNX file. Depth `d`
 * keeps the first `d` blocks, width `k` the first `k` entries of each axis named, kernel `k` the centre of the weights.
 */
export const SupernetManifest = z.object({
  formatVersion: z.literal(1),
  model: z.string().optional(),
  dimensions: z
    .array(z.discriminatedUnion('kind', [Depth, Width, Kernel]))
    .min(1)
    .max(64),
});
export type SupernetManifest = z.infer<typeof SupernetManifest>;
type Dimension = SupernetManifest['dimensions'][number];

/** Throws ModelError with a sentence when the text is no manifest. */
export function parseManifest(text: string): SupernetManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelError('the supernet manifest is not JSON', { cause });
  }
  const parsed = SupernetManifest.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ModelError(`the supernet manifest is wrong at ${issue?.path.join('.')}: ${issue?.message}`);
}

function needInitializer(graph: GraphProto, wanted: string, dimension: string) {
  const found = initializerOf(graph, wanted);
  if (!found) throw new ModelError(`dimension "${dimension}" names initializer "${wanted}", which the model lacks`);
  return found;
}

function needNode(graph: GraphProto, wanted: string, dimension: string) {
  const found = graph.node.find((node) => node.name === wanted);
  if (!found) throw new ModelError(`dimension "${dimension}" names node "${wanted}", which the model lacks`);
  return found;
}

function cutDepth(graph: GraphProto, { name: dimension, blocks }: z.infer<typeof Depth>, depth: number): void {
  // From the last one on: what a later block reads is the output of an earlier one that may be dropped too.
  for (const { nodes, input, output } of blocks.slice(depth).toReversed()) {
    for (const node of nodes) needNode(graph, node, dimension);
    graph.node = graph.node.filter((node) => !nodes.includes(node.name ?? ''));
    rewire(graph, output, input);
  }
}

function cutWidth(graph: GraphProto, { slices }: z.infer<typeof Width>, width: number): void {
  for (const { initializer, axis } of slices) {
    const present = initializerOf(graph, initializer);
    // Gone with a block that depth has dropped.
    if (present) setInitializer(graph, sliceAxis(present, axis, 0, width));
  }
}

function cutKernel(graph: GraphProto, { convolutions }: z.infer<typeof Kernel>, size: number): void {
  for (const node of graph.node.filter(({ name: candidate }) => convolutions.includes(candidate ?? ''))) {
    let weight = initializerOf(graph, node.input[1]);
    if (!weight) throw new ModelError(`convolution "${node.name}" has no constant weight`);
    const shape = dims(weight);
    for (let axis = 2; axis < shape.length; axis++) {
      weight = sliceAxis(weight, axis, ((shape[axis] ?? 0) - size) >> 1, size);
    }
    setInitializer(graph, weight);
    const trimmed = (shape[2] ?? size) - size;
    setAttribute(
      node,
      'kernel_shape',
      shape.slice(2).map(() => size),
    );
    const pads = attribute(node, 'pads')?.ints.map(Number);
    if (pads)
      setAttribute(
        node,
        'pads',
        pads.map((pad) => pad - (trimmed >> 1)),
      );
  }
}

function cut(graph: GraphProto, dimension: Dimension, choice: number): void {
  if (dimension.kind === 'depth') cutDepth(graph, dimension, choice);
  else if (dimension.kind === 'width') cutWidth(graph, dimension, choice);
  else cutKernel(graph, dimension, choice);
}

/** Throws ModelError when the manifest names what the model does not have. */
export function checkManifest({ graph }: Model, { dimensions }: SupernetManifest): void {
  for (const dimension of dimensions) {
    if (dimension.kind === 'depth') {
      for (const { nodes } of dimension.blocks) for (const node of nodes) needNode(graph, node, dimension.name);
      const most = Math.max(...dimension.choices);
      if (most > dimension.blocks.length) {
        throw new ModelError(`dimension "${dimension.name}" offers depth ${most} of ${dimension.blocks.length} blocks`);
      }
    } else if (dimension.kind === 'width') {
      for (const { initializer, axis } of dimension.slices) {
        const extent = dims(needInitializer(graph, initializer, dimension.name))[axis] ?? 0;
        const most = Math.max(...dimension.choices);
        if (most > extent) {
          throw new ModelError(
            `dimension "${dimension.name}" offers width ${most}, but "${initializer}" has ${extent} on axis ${axis}`,
          );
        }
      }
    } else for (const node of dimension.convolutions) needNode(graph, node, dimension.name);
  }
}

/**
 * The subnet of `selected` choices, by dimension name; a dimension that is not selected keeps its largest choice. Pure
 * slicing: BatchNorm statistics are those of the supernet until they are measured anew. Throws ModelError for a
 * dimension or a choice that the manifest does not offer.
 */
export function slice(model: Model, manifest: SupernetManifest, selected: Record<string, number>): Model {
  const known = new Set(manifest.dimensions.map((dimension) => dimension.name));
  for (const dimension of Object.keys(selected)) {
    if (!known.has(dimension))
      throw new ModelError(`the supernet has no dimension "${dimension}", it has ${[...known].join(', ')}`);
  }
  const result = copy(model);
  // Depth first, so that nothing is cut that is dropped anyway.
  const order = manifest.dimensions.toSorted((a, b) => Number(b.kind === 'depth') - Number(a.kind === 'depth'));
  for (const dimension of order) {
    const choice = selected[dimension.name] ?? Math.max(...dimension.choices);
    if (!dimension.choices.includes(choice)) {
      throw new ModelError(`dimension "${dimension.name}" offers ${dimension.choices.join(', ')}, not ${choice}`);
    }
    cut(result.graph, dimension, choice);
    if (dimension.kind === 'depth') prune(result.graph);
  }
  prune(result.graph);
  // Shapes written for the whole supernet would be wrong now.
  result.graph.valueInfo = [];
  return result;
}
