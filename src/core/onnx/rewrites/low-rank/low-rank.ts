import type { Matrix } from 'ml-matrix';
import { makeNode, setAttribute, setInitializer } from '../../graph.ts';
import { type Layer, layerOf } from '../../layer.ts';
import { copy, type GraphProto, type Model, type NodeProto } from '../../model.ts';
import type { Need } from '../../observe/observations.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { tensor } from '../../tensors.ts';
import { freshName, settle, Wiring } from '../../wiring.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { byInputs, byOutputs, type Factors, weightMatrix } from './factors.ts';

/** Ranks are multiples of this: widths that vector instructions fill. */
const multiple = 8;
const mostChoices = 16;

interface Place {
  id: string;
  layer: Layer;
  ranks: number[];
  full: number;
  /** Whether the outputs are observed, or the inputs. */
  side: 'outputs' | 'inputs';
  need: Extract<Need, { kind: 'moments' }>;
}

/** Ranks that take fewer products than the layer does, at most 16 of them, and the full rank. */
function ranksOf(rows: number, outputs: number): number[] {
  const least = (rows * outputs) / (rows + outputs);
  const steps = Math.floor((Math.ceil(least) - 1) / multiple);
  const step = Math.ceil(steps / mostChoices) * multiple;
  if (steps < 1) return [];
  return Array.from({ length: Math.floor((steps * multiple) / step) }, (_, i) => (i + 1) * step);
}

function placeOf(wiring: Wiring, node: NodeProto, { values }: Inference): Place | undefined {
  const layer = layerOf(wiring, node);
  const size = layer?.shape.reduce((product, extent) => product * extent, 1);
  if (layer?.group !== 1 || !size) return undefined;
  const rows = size / layer.outputs;
  const full = Math.min(rows, layer.outputs);
  const ranks = ranksOf(rows, layer.outputs).filter((rank) => rank < full);
  const narrow = layer.inputs < layer.outputs;
  const rank = values.get(layer.input)?.shape?.length;
  // Moments of the patches of a convolution are not observed, those of its outputs are.
  if (ranks.length === 0 || !rank || (narrow && rows !== layer.inputs)) return undefined;
  const axis = layer.channelAxis === 1 ? 1 : rank - 1;
  const seen = narrow ? layer.input : layer.output;
  // Channels that are not counted can't be observed.
  if (values.get(seen)?.shape?.[axis] !== (narrow ? layer.inputs : layer.outputs)) return undefined;
  const need = { kind: 'moments' as const, tensor: seen, axis };
  return { id: node.name ?? '', layer, ranks, full, side: narrow ? 'inputs' : 'outputs', need };
}

function places({ graph }: Model, inference: Inference): Place[] {
  const wiring = new Wiring(graph);
  return graph.node.flatMap((node) => placeOf(wiring, node, inference) ?? []);
}

const siteOf = ({ id, ranks, full }: Place): Site => ({ id, choices: [...ranks, full], identity: full });

function selected(model: Model, selection: Selection): [Place, number][] {
  const found = places(model, inferShapes(model));
  const byId = new Map(found.map((place) => [place.id, place]));
  return changes(found.map(siteOf), selection).flatMap(([{ id }, rank]) => {
    const place = byId.get(id);
    return place ? [[place, rank] as [Place, number]] : [];
  });
}

const data = (matrix: Matrix) => Float32Array.from(matrix.to1DArray());

/** Two layers in the place of one: the first keeps the node's attributes, the second has the bias. */
function factorise(graph: GraphProto, { layer, id }: Place, { first, second, bias }: Factors): void {
  const { node, add, output } = layer;
  const rank = first.columns;
  const store = (suffix: string, values: Float32Array, shape: readonly number[]) => {
    const name = freshName(graph, `${id}.${suffix}`);
    setInitializer(graph, tensor(name, values, shape));
    return name;
  };
  const inner = freshName(graph, `${id}.inner`);
  const product = freshName(graph, `${id}.outer`);
  const shift = store('factored_bias', bias, [bias.length]);
  const made: NodeProto[] = [];
  if (node.opType === 'Conv') {
    node.input = [layer.input, store('first', data(first.transpose()), [rank, ...layer.shape.slice(1)])];
    const ones = layer.shape.slice(2).map(() => 1);
    const weights = store('second', data(second.transpose()), [layer.outputs, rank, ...ones]);
    made.push(makeNode('Conv', product, [inner, weights, shift], [output], { kernel_shape: ones }));
  } else if (node.opType === 'Gemm') {
    node.input = [layer.input, store('first', data(first), [layer.inputs, rank])];
    setAttribute(node, 'transB', 0);
    made.push(
      makeNode('Gemm', product, [inner, store('second', data(second), [rank, layer.outputs]), shift], [output]),
    );
  } else {
    node.input = [layer.input, store('first', data(first), [layer.inputs, rank])];
    made.push(makeNode('MatMul', product, [inner, store('second', data(second), [rank, layer.outputs])], [product]));
    made.push(makeNode('Add', freshName(graph, `${id}.add`), [product, shift], [output]));
  }
  node.output = [inner];
  graph.node = graph.node.flatMap((each) => (each === node ? [node, ...made] : each === add ? [] : [each]));
}

/**
 * Factorises the weights of MatMul, Gemm and Conv: W ≈ A·B of a lower rank, A with the layer's taps and stride, B
 * pointwise, chosen so that the outputs on the calibration inputs change least in the mean square; their mean does not
 * change at all. Offered are multiples of 8 that take fewer products than the layer does (Denton et al. 2014; Chen et al.
 * 2021, DRONE).
 */
export const lowRank: Rewrite = {
  name: 'low-rank',
  unit: 'rank',
  affects: ['macs', 'weightBytes', 'activationBytes', 'kernels'],
  sites: (model, inference) => places(model, inference).map(siteOf),
  needs: (model, selection) => selected(model, selection).map(([{ need }]) => need),
  rewrite(model, selection, observed) {
    const ranks = new Map(selected(model, selection).map(([{ id }, rank]) => [id, rank]));
    const result = copy(model);
    // Layers keep the names of what they read and make, so that one change leaves the places of the others as they are.
    for (const place of places(result, inferShapes(model))) {
      const rank = ranks.get(place.id);
      if (rank === undefined) continue;
      const moments = observed.moments(place.need.tensor, place.need.axis);
      const approximate = place.side === 'outputs' ? byOutputs : byInputs;
      factorise(result.graph, place, approximate(place.layer, weightMatrix(place.layer), moments, rank));
    }
    settle(result.graph);
    return result;
  },
};
