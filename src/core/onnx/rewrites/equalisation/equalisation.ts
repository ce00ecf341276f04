import { type Layer, layerOf, writeLayer } from '../../layer.ts';
import { copy, type Model, type NodeProto } from '../../model.ts';
import type { Need, Observations } from '../../observe/observations.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { settle, Wiring } from '../../wiring.ts';
import { WeightReader } from '../precision/weights.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { readersOf, type View } from './paths.ts';
import { type ChannelStatistics, equalisingScales, scaledWeights } from './scales.ts';
import { type Source, sourceOf } from './sources.ts';

interface Place {
  id: string;
  source: Source;
  readers: { node: NodeProto; input: string; axis: number }[];
}

/** Each layer's inputs are scaled once: of two sources that reach it the first in the graph counts. */
function placesOf({ graph }: Model, { values }: Inference): Place[] {
  const view: View = { wiring: new Wiring(graph), values };
  const taken = new Set<NodeProto>();
  return graph.node.flatMap((node): Place[] => {
    const source = sourceOf(view, node);
    const found = source && readersOf(view, source.output, source.axis);
    if (!source || !found || found.some(({ layer }) => taken.has(layer.node))) return [];
    for (const { layer } of found) taken.add(layer.node);
    const readers = found.map(({ layer, axis }) => ({ node: layer.node, input: layer.input, axis }));
    return [{ id: node.name ?? '', source, readers }];
  });
}

const siteOf = ({ id }: Place): Site => ({ id, choices: [0, 1], identity: 0 });

function chosenOf(model: Model, selection: Selection): Place[] {
  const places = placesOf(model, inferShapes(model));
  const chosen = new Set(changes(places.map(siteOf), selection).map(([{ id }]) => id));
  return places.filter(({ id }) => chosen.has(id));
}

/** What the layers that read a place's channels saw of them, taken together. */
function statisticsOf({ source, readers }: Place, observed: Observations): ChannelStatistics {
  const [min, max, square] = [0, 0, 0].map(() => new Float64Array(source.channels)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (const { input, axis } of readers) {
    const bounds = observed.bounds(input, axis);
    const { mean, variance } = observed.spread(input, axis);
    for (let c = 0; c < source.channels; c++) {
      min[c] = Math.min(min[c] as number, bounds.min[c] as number);
      max[c] = Math.max(max[c] as number, bounds.max[c] as number);
      square[c] = Math.max(square[c] as number, (mean[c] as number) ** 2 + (variance[c] as number));
    }
  }
  return { min, max, square };
}

const layersAt = ({ wiring }: View, { readers }: Place) => readers.flatMap(({ node }) => layerOf(wiring, node) ?? []);

function scalesAt(view: View, place: Place, observed: Observations, alphas?: readonly number[]) {
  const reader = new WeightReader();
  const weightOf = (layer: Layer) => {
    const stored = view.wiring.constant(layer.node.input[1]);
    return stored ? reader.read(stored) : layer.weight;
  };
  return equalisingScales(layersAt(view, place), statisticsOf(place, observed), weightOf, alphas);
}

function equalise(view: View, place: Place, observed: Observations, alphas?: readonly number[]): void {
  // Read again, for a layer that reads one place's channels may make those of another.
  const [source, layers] = [sourceOf(view, place.source.node), layersAt(view, place)];
  const scales = scalesAt(view, place, observed, alphas);
  if (!source || !scales) return;
  source.multiply(scales.map((scale) => 1 / scale));
  for (const layer of layers) writeLayer(view.wiring, { ...layer, weight: scaledWeights(layer, scales) });
}

export interface EqualisationOptions {
  /** Shares of the differences between channels that may go from activations to weights, tried at each place. */
  alphas?: readonly number[];
}

/**
 * Makes the channels between layers alike in magnitude, so that one range for all of them wastes fewer of its codes, and
 * changes no result: what makes a channel is divided by a factor, the weights of all that read it are multiplied by it.
 * From layer to layer through activations that let factors pass (Nagel et al. 2019, "Data-Free Quantization Through Weight
 * Equalization and Bias Correction"), and from normalisations to the products that read them (Xiao et al. 2023,
 * "SmoothQuant"). No search chooses it; it prepares a model for INT8 activations.
 */
export function equalisation({ alphas }: EqualisationOptions = {}): Rewrite<'equalisation'> {
  return {
    name: 'equalisation',
    unit: '0 as it is, 1 channels made alike',
    // Only where layers share weights: each then has its own.
    affects: ['weightBytes'],
    sites: (model, inference) => placesOf(model, inference).map(siteOf),
    needs(model, selection) {
      return chosenOf(model, selection).flatMap(({ readers }) =>
        readers.flatMap(({ input, axis }): Need[] => [
          { kind: 'bounds', tensor: input, axis },
          { kind: 'spread', tensor: input, axis },
        ]),
      );
    },
    rewrite(model, selection, observed) {
      const result = copy(model);
      const view: View = { wiring: new Wiring(result.graph), values: inferShapes(model).values };
      for (const place of chosenOf(result, selection)) equalise(view, place, observed, alphas);
      settle(result.graph);
      return result;
    },
  };
}

/** Every place at once. */
export const everyPlace = (sites: readonly { id: string }[]): Selection =>
  Object.fromEntries(sites.map(({ id }) => [id, 1]));

/** The places where 8-bit codes would lose clearly less, by what `needs` of every place observed. */
export function worthwhile(model: Model, observed: Observations): Selection {
  const inference = inferShapes(model);
  const view: View = { wiring: new Wiring(model.graph), values: inference.values };
  return everyPlace(placesOf(model, inference).filter((place) => scalesAt(view, place, observed)));
}
