import { create } from '@bufbuild/protobuf';
import { makeNode, setAttribute, setInitializer } from '../../graph.ts';
import { copy, type GraphProto, type Model, type NodeProto } from '../../model.ts';
import { NodeProtoSchema } from '../../proto/gen/onnx_pb.js';
import { type Inference, inferShapes, opsetOf } from '../../shapes/infer.ts';
import { tensor } from '../../tensors.ts';
import { freshName, settle } from '../../wiring.ts';
import { changes, needsNothing, type Rewrite, type Site } from '../rewrite.ts';
import { chainFrom, type Stage } from './chain.ts';

interface Place {
  input: string;
  chain: Stage[];
}

/** Strips to choose from: each has some rows of its own at the end of the chain. */
const stripCounts = [1, 2, 4, 8];
const leastRows = 2;

function places(model: Model, inference: Inference): Place[] {
  if (opsetOf(model, 'ai.onnx') < 10) return [];
  return model.graph.input.flatMap(({ name: input = '' }) => {
    const chain = chainFrom(model, input, inference);
    return choicesOf(chain).length > 1 ? [{ input, chain }] : [];
  });
}

const siteOf = ({ input, chain }: Place): Site => ({ id: input, choices: choicesOf(chain), identity: 1 });

/** Rows `first` to `end` (exclusive) of a feature map. */
interface Rows {
  first: number;
  end: number;
}

/** The rows that a stage reads to make `rows`, and the zeros above and below them that the edge of the image gives it. */
function readFor({ window, from }: Stage, rows: Rows): Rows & { above: number; below: number } {
  if (!window) return { ...rows, above: 0, below: 0 };
  const [kernel = 1, stride = 1, dilation = 1, pad = 0] = [
    window.kernel[0],
    window.strides[0],
    window.dilations[0],
    window.begin[0],
  ];
  const first = rows.first * stride - pad;
  const end = (rows.end - 1) * stride - pad + (kernel - 1) * dilation + 1;
  return {
    first: Math.max(0, first),
    end: Math.min(from, end),
    above: Math.max(0, -first),
    below: Math.max(0, end - from),
  };
}

interface Step {
  stage: Stage;
  read: ReturnType<typeof readFor>;
}

/** What each stage reads so that the last one makes `rows`. */
function stepsFor(chain: readonly Stage[], rows: Rows): Step[] {
  const steps: Step[] = [];
  for (const stage of chain.toReversed()) steps.unshift({ stage, read: readFor(stage, steps[0]?.read ?? rows) });
  return steps;
}

function stripsOf(chain: readonly Stage[], count: number): Rows[] {
  const rows = chain.at(-1)?.to ?? 0;
  const cut = (at: number) => Math.round((rows * at) / count);
  return Array.from({ length: count }, (_, i) => ({ first: cut(i), end: cut(i + 1) }));
}

/** Numbers of strips of which none is so thin that some stage would read nothing but padding for it. */
function choicesOf(chain: readonly Stage[]): number[] {
  const fits = (rows: Rows) =>
    rows.end - rows.first >= leastRows && stepsFor(chain, rows).every(({ read }) => read.end > read.first);
  return stripCounts.filter((count) => count === 1 || stripsOf(chain, count).every(fits));
}

/** The nodes that compute `rows` of the end of a chain from the rows of the input that they need. */
function tile(
  graph: GraphProto,
  { input, chain }: Place,
  rows: Rows,
  index: number,
): { nodes: NodeProto[]; output: string } {
  const named = (stem: string) => freshName(graph, `${stem}.tile${index}`);
  const steps = stepsFor(chain, rows);
  const { first = 0, end = 0 } = steps[0]?.read ?? rows;
  const bound = (name: string, value: number) => {
    const made = named(`${input}.${name}`);
    setInitializer(graph, tensor(made, BigInt64Array.of(BigInt(value)), [1]));
    return made;
  };
  let value = named(`${input}.rows`);
  const nodes = [
    makeNode('Slice', value, [input, bound('first', first), bound('end', end), bound('axis', 2)], [value]),
  ];
  for (const { stage, read } of steps) {
    const made = named(stage.node.output[0] ?? '');
    const name = named(stage.node.name ?? '');
    const node = create(NodeProtoSchema, {
      ...stage.node,
      name,
      input: [value, ...stage.node.input.slice(1)],
      output: [made],
    });
    if (stage.window) {
      const [, left = 0] = stage.window.begin;
      const [, right = 0] = stage.window.end;
      node.attribute = node.attribute.filter((each) => each.name !== 'auto_pad');
      setAttribute(node, 'pads', [read.above, left, read.below, right]);
    }
    nodes.push(node);
    value = made;
  }
  return { nodes, output: value };
}

function tiled(model: Model, place: Place, count: number): void {
  const { graph } = model;
  const last = place.chain.at(-1);
  const parts = stripsOf(place.chain, count).map((rows, index) => tile(graph, place, rows, index));
  const [output = ''] = last?.node.output ?? [];
  const joined = makeNode(
    'Concat',
    freshName(graph, `${place.input}.tiles`),
    parts.map((part) => part.output),
    [output],
    { axis: 2 },
  );
  const old = new Set(place.chain.map(({ node }) => node));
  graph.node = [...parts.flatMap(({ nodes }) => nodes), joined, ...graph.node.filter((node) => !old.has(node))];
}

/**
 * Computes the early layers of a model of images strip by strip, so that a strip's feature maps stay in the cache: each
 * strip takes the rows that it needs of the input, those that two strips need twice. The results are the same; the
 * overlap costs products (Lin et al. 2021, MCUNetV2, patch-based inference).
 */
export const tiling: Rewrite = {
  name: 'tiling',
  unit: 'strips',
  affects: ['macs', 'activationBytes', 'weightBytes', 'kernels'],
  sites: (model, inference) => places(model, inference).map(siteOf),
  needs: needsNothing((model) => places(model, inferShapes(model)).map(siteOf)),
  rewrite(model, selection) {
    const result = copy(model);
    const inference = inferShapes(result);
    const found = places(result, inference);
    for (const [{ id }, count] of changes(found.map(siteOf), selection)) {
      const place = found.find(({ input }) => input === id);
      if (place) tiled(result, place, count);
    }
    settle(result.graph);
    return result;
  },
};
