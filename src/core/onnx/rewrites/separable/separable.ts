import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { makeNode, setAttribute, setInitializer } from '../../graph.ts';
import { type Layer, layerOf } from '../../layer.ts';
import { copy, type GraphProto, type Model } from '../../model.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { tensor } from '../../tensors.ts';
import { freshName, settle, Wiring } from '../../wiring.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';

interface Place {
  id: string;
  layer: Layer;
  /** Filters for each input channel that take fewer products than the dense convolution does. */
  filters: number[];
  full: number;
}

function places({ graph }: Model, { values }: Inference): Place[] {
  const wiring = new Wiring(graph);
  return graph.node.flatMap((node): Place[] => {
    const layer = node.opType === 'Conv' ? layerOf(wiring, node) : undefined;
    // Channels that are not counted can't be observed.
    if (layer?.group !== 1 || values.get(layer.input)?.shape?.[1] !== layer.inputs) return [];
    const { inputs, outputs, weight } = layer;
    const taps = weight.length / (inputs * outputs);
    const full = Math.min(taps, outputs);
    const products = (filters: number) => filters * inputs * (taps + outputs);
    const filters = Array.from({ length: full - 1 }, (_, i) => i + 1).filter((each) => products(each) < weight.length);
    return filters.length > 0 ? [{ id: node.name ?? '', layer, filters, full }] : [];
  });
}

const siteOf = ({ id, filters, full }: Place): Site => ({ id, choices: [...filters, full], identity: full });

const selected = (model: Model, selection: Selection) =>
  new Map(changes(places(model, inferShapes(model)).map(siteOf), selection).map(([{ id }, filters]) => [id, filters]));

/** For each input channel, its taps by its outputs as `filters` taps by `filters` outputs (truncated SVD). */
function factors({ inputs, outputs, weight }: Layer, filters: number) {
  const taps = weight.length / (inputs * outputs);
  const depthwise = new Float32Array(inputs * filters * taps);
  const pointwise = new Float32Array(outputs * inputs * filters);
  for (let input = 0; input < inputs; input++) {
    const at = (output: number, tap: number) => weight[(output * inputs + input) * taps + tap] ?? 0;
    const block = Matrix.zeros(outputs, taps);
    for (let output = 0; output < outputs; output++) for (let t = 0; t < taps; t++) block.set(output, t, at(output, t));
    const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(block.transpose().mmul(block), {
      assumeSymmetric: true,
    });
    const order = realEigenvalues.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value);
    const directions = eigenvectorMatrix.subMatrixColumn(order.slice(0, filters).map(({ index }) => index));
    const mixed = block.mmul(directions);
    for (let f = 0; f < filters; f++) {
      for (let t = 0; t < taps; t++) depthwise[(input * filters + f) * taps + t] = directions.get(t, f);
      for (let o = 0; o < outputs; o++) pointwise[o * inputs * filters + input * filters + f] = mixed.get(o, f);
    }
  }
  return { depthwise, pointwise };
}

/** What the outputs lose on average: the bias takes it over. */
function lostMean(
  layer: Layer,
  filters: number,
  { depthwise, pointwise }: ReturnType<typeof factors>,
  mean: Float64Array,
) {
  const { inputs, outputs, weight } = layer;
  const taps = weight.length / (inputs * outputs);
  return Float32Array.from({ length: outputs }, (_, output) => {
    let lost = layer.bias?.[output] ?? 0;
    for (let input = 0; input < inputs; input++) {
      let sum = 0;
      for (let t = 0; t < taps; t++) sum += weight[(output * inputs + input) * taps + t] ?? 0;
      for (let f = 0; f < filters; f++) {
        const share = pointwise[output * inputs * filters + input * filters + f] ?? 0;
        for (let t = 0; t < taps; t++) sum -= share * (depthwise[(input * filters + f) * taps + t] ?? 0);
      }
      lost += sum * (mean[input] ?? 0);
    }
    return lost;
  });
}

function separate(graph: GraphProto, { id, layer }: Place, filters: number, mean: Float64Array): void {
  const { node, inputs, outputs, shape, output } = layer;
  const found = factors(layer, filters);
  const store = (suffix: string, data: Float32Array, sizes: readonly number[]) => {
    const name = freshName(graph, `${id}.${suffix}`);
    setInitializer(graph, tensor(name, data, sizes));
    return name;
  };
  const inner = freshName(graph, `${id}.inner`);
  const ones = shape.slice(2).map(() => 1);
  node.input = [layer.input, store('depthwise', found.depthwise, [inputs * filters, 1, ...shape.slice(2)])];
  node.output = [inner];
  setAttribute(node, 'group', inputs);
  const weights = store('pointwise', found.pointwise, [outputs, inputs * filters, ...ones]);
  const bias = store('separated_bias', lostMean(layer, filters, found, mean), [outputs]);
  const mixed = makeNode('Conv', freshName(graph, `${id}.mixed`), [inner, weights, bias], [output], {
    kernel_shape: ones,
  });
  graph.node.splice(graph.node.indexOf(node) + 1, 0, mixed);
}

/**
 * Dense convolutions as a depthwise one with some filters for each input channel and a pointwise one: for each input
 * channel the best approximation of its taps by its outputs of that rank. The mean of the outputs is kept on the
 * calibration inputs, away from the padding (Guo et al. 2018, Network Decoupling).
 */
export const separable: Rewrite = {
  name: 'separable',
  unit: 'depthwise filters for each input channel',
  affects: ['macs', 'weightBytes', 'activationBytes', 'kernels'],
  sites: (model, inference) => places(model, inference).map(siteOf),
  needs(model, selection) {
    const chosen = selected(model, selection);
    return places(model, inferShapes(model)).flatMap(({ id, layer }) =>
      chosen.has(id) ? [{ kind: 'spread' as const, tensor: layer.input, axis: 1 }] : [],
    );
  },
  rewrite(model, selection, observed) {
    const chosen = selected(model, selection);
    const result = copy(model);
    for (const place of places(result, inferShapes(model))) {
      const filters = chosen.get(place.id);
      if (filters) separate(result.graph, place, filters, observed.spread(place.layer.input, 1).mean);
    }
    settle(result.graph);
    return result;
  },
};
