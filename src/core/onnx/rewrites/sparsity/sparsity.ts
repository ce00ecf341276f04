import { type Layer, layerOf, writeLayer } from '../../layer.ts';
import { copy, type Model } from '../../model.ts';
import type { Spread } from '../../observe/observations.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { settle, Wiring } from '../../wiring.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';

/** Of every four weights along the inputs two stay: the pattern that sparse tensor cores take. */
const [kept, run] = [2, 4];

interface Place {
  id: string;
  layer: Layer;
  axis: number;
}

function places({ graph }: Model, { values }: Inference): Place[] {
  const wiring = new Wiring(graph);
  return graph.node.flatMap((node): Place[] => {
    const layer = layerOf(wiring, node);
    const shape = values.get(layer?.input ?? '')?.shape;
    if (!layer || !shape || (layer.inputs / layer.group) % run !== 0) return [];
    const axis = layer.channelAxis === 1 ? 1 : shape.length - 1;
    // Channels that are not counted can't be observed.
    return shape[axis] === layer.inputs ? [{ id: node.name ?? '', layer, axis }] : [];
  });
}

const siteOf = ({ id }: Place): Site => ({ id, choices: [0, 1], identity: 0 });

const selected = (model: Model, selection: Selection) =>
  new Set(changes(places(model, inferShapes(model)).map(siteOf), selection).map(([{ id }]) => id));

/** The places of the weights of each run: one output, one tap, four inputs that follow each other. */
function* runs({ shape, weight, outputs, inputs, inOf, outOf, node }: Layer): Generator<number[]> {
  const taps = node.opType === 'Conv' ? shape.slice(2).reduce((product, size) => product * size, 1) : 1;
  const found = new Map<number, number[]>();
  for (let place = 0; place < weight.length; place++) {
    const block = Math.floor(inOf(place) / run);
    const key = (outOf(place) * Math.ceil(inputs / run) + block) * taps + (place % taps);
    const part = found.get(key);
    if (!part) found.set(key, [place]);
    else if (part.push(place) === run) {
      yield part;
      found.delete(key);
    }
  }
  if (found.size > 0) throw new RangeError(`${outputs} outputs have runs of fewer than ${run} inputs`);
}

/** Weights that change the outputs least are 0: least |w|·√E[x²]; the bias takes over their mean. */
function pruned(layer: Layer, { mean, variance }: Spread): Layer {
  const weight = layer.weight.slice();
  const lost = new Float64Array(layer.outputs);
  const importance = (place: number) => {
    const input = layer.inOf(place);
    return Math.abs(weight[place] ?? 0) * Math.sqrt((variance[input] ?? 0) + (mean[input] ?? 0) ** 2);
  };
  for (const places of runs(layer)) {
    for (const place of places.sort((a, b) => importance(b) - importance(a)).slice(kept)) {
      const output = layer.outOf(place);
      lost[output] = (lost[output] ?? 0) + (weight[place] ?? 0) * (mean[layer.inOf(place)] ?? 0);
      weight[place] = 0;
    }
  }
  return { ...layer, weight, bias: Float32Array.from(lost, (value, c) => value + (layer.bias?.[c] ?? 0)) };
}

/**
 * 2:4 sparsity: two of every four weights along the inputs become 0, chosen by magnitude times the size of the input
 * (Sun et al. 2024, Wanda). It makes a model no faster by itself: files compress better, and only an engine with kernels
 * for the pattern (TensorRT on sparse tensor cores) computes less. On every other engine it is no choice worth offering.
 */
export const sparsity: Rewrite = {
  name: 'sparsity',
  unit: '0 dense, 1 two of four weights kept',
  affects: ['kernels', 'weightBytes', 'activationBytes'],
  sites: (model, inference) => places(model, inference).map(siteOf),
  needs(model, selection) {
    const chosen = selected(model, selection);
    return places(model, inferShapes(model)).flatMap(({ id, layer, axis }) =>
      chosen.has(id) ? [{ kind: 'spread' as const, tensor: layer.input, axis }] : [],
    );
  },
  rewrite(model, selection, observed) {
    const chosen = selected(model, selection);
    const result = copy(model);
    const wiring = new Wiring(result.graph);
    for (const { id, layer, axis } of places(result, inferShapes(model))) {
      if (chosen.has(id)) writeLayer(wiring, pruned(layer, observed.spread(layer.input, axis)));
    }
    settle(result.graph);
    return result;
  },
};
