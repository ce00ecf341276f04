import { makeNode } from '../../graph.ts';
import { type Layer, layerMaking, layerOf, scaledInputs, scaledOutputs, writeLayer } from '../../layer.ts';
import { copy, type Model, type NodeProto } from '../../model.ts';
import type { Spread } from '../../observe/observations.ts';
import { importDomain } from '../../operator-sets.ts';
import { isKnown } from '../../shapes/dims.ts';
import { type Inference, inferShapes, opsetOf } from '../../shapes/infer.ts';
import { DataType, tensor } from '../../tensors.ts';
import { freshName, settle, Wiring } from '../../wiring.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { fitHardSwish, fitRamp, fitSlope } from './fit.ts';
import { type Pattern, patterns } from './patterns.ts';

/** What may stand in the place of an activation. */
const choice = { asItIs: 0, oneOperator: 1, fastGelu: 2, hard: 3, fitted: 4 } as const;

/** Operators that compute an activation in one kernel: of com.microsoft, or of the default domain since an opset. */
const fused: Record<string, { operator: string; attributes?: Record<string, { float: number }>; since?: number }> = {
  Gelu: { operator: 'Gelu' },
  FastGelu: { operator: 'FastGelu' },
  QuickGelu: { operator: 'QuickGelu' },
  Silu: { operator: 'QuickGelu', attributes: { alpha: { float: 1 } } },
  HardSwish: { operator: 'HardSwish', since: 14 },
  Mish: { operator: 'Mish', since: 18 },
};
const rectifiers = new Set(['Gelu', 'FastGelu', 'QuickGelu', 'Silu', 'HardSwish', 'Mish', 'Softplus', 'Elu']);
const smoothSwishes = new Set(['Gelu', 'FastGelu', 'QuickGelu', 'Silu', 'Mish']);

interface Place extends Pattern {
  id: string;
  /** The layer that makes the input and is read by nobody else. */
  before?: Layer | undefined;
  /** The axis of the channels in the input, counted from the front. */
  axis: number;
  choices: number[];
}

/** The layer whose output only the pattern reads, so that scale and offset can be its own. */
function layerBefore(wiring: Wiring, { input, nodes }: Pattern): Layer | undefined {
  const layer = layerMaking(wiring, input);
  const alone = wiring.readers(input).every((reader) => nodes.includes(reader)) && !wiring.isOutput(input);
  return alone ? layer : undefined;
}

function places(model: Model, { values }: Inference): Place[] {
  const wiring = new Wiring(model.graph);
  const opset = opsetOf(model, 'ai.onnx');
  return patterns(model.graph).flatMap((pattern): Place[] => {
    const { name } = pattern.activation;
    const { type, shape } = values.get(pattern.input) ?? {};
    // The kernels that would take over know single precision only.
    if (type !== DataType.FLOAT) return [];
    const before = shape && layerBefore(wiring, pattern);
    const axis = before && shape ? (before.channelAxis === 1 ? 1 : shape.length - 1) : -1;
    const channels = shape?.[axis];
    const fits = before && channels !== undefined && isKnown(channels) && channels === before.outputs;
    const single = fused[name];
    const choices: number[] = [choice.asItIs];
    if (pattern.nodes.length > 1 && single && opset >= (single.since ?? 0)) choices.push(choice.oneOperator);
    if (name === 'Gelu') choices.push(choice.fastGelu);
    if (fits && (smoothSwishes.has(name) || name === 'Sigmoid')) choices.push(choice.hard);
    if (fits && opset >= 11 && (rectifiers.has(name) || pattern.activation.bounds)) choices.push(choice.fitted);
    const id = pattern.nodes[0]?.name ?? '';
    return choices.length > 1 ? [{ ...pattern, id, before, axis, choices }] : [];
  });
}

const siteOf = ({ id, choices }: Place): Site => ({ id, choices, identity: choice.asItIs });

function selected(model: Model, selection: Selection): [Place, number][] {
  const found = places(model, inferShapes(model));
  return changes(found.map(siteOf), selection).flatMap(([{ id }, what]) => {
    return found.filter((place) => place.id === id).map((place): [Place, number] => [place, what]);
  });
}

function replace(wiring: Wiring, { nodes, output, id }: Place, made: NodeProto[]): void {
  const { graph } = wiring;
  const at = graph.node.findIndex((node) => node.output.includes(output));
  for (const [index, node] of made.entries()) {
    node.name = freshName(graph, `${id}.activation`);
    graph.node.splice(at + index, 0, node);
  }
  for (const node of nodes) wiring.remove(node);
  for (const node of made) wiring.note(node);
}

function oneOperator(model: Model, wiring: Wiring, place: Place, name: string): void {
  const { operator, attributes, since } = fused[name] ?? { operator: name };
  const node = makeNode(operator, '', [place.input], [place.output], attributes);
  if (since === undefined) {
    node.domain = 'com.microsoft';
    importDomain(model, 'com.microsoft');
  }
  replace(wiring, place, [node]);
}

const deviations = ({ variance }: Spread) => variance.map(Math.sqrt);

function hard(wiring: Wiring, place: Place, spread: Spread): void {
  const { activation, input, output } = place;
  const { bounds, curve } = activation;
  const made = bounds ? output : freshName(wiring.graph, `${place.id}.gate`);
  const slope = bounds
    ? fitSlope(curve, bounds, spread.mean, deviations(spread))
    : fitHardSwish(curve, spread.mean, deviations(spread));
  const gate = makeNode('HardSigmoid', '', [input], [made], { alpha: { float: slope }, beta: { float: 0.5 } });
  replace(wiring, place, bounds ? [gate] : [gate, makeNode('Mul', '', [input, made], [output])]);
}

/** Operators that a constant added to each channel passes through. */
const transparent = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'MaxPool']);

/**
 * The layers that read a value, through pools or not, so that a constant added to its channels can go into their biases;
 * undefined where anything else reads it. At the edge of a padded convolution that is not exact: zeros that are padded
 * do not get the constant; leaving it out would be wrong everywhere.
 */
function layersAfter(
  wiring: Wiring,
  value: string,
  channels: Pick<Layer, 'outputs' | 'channelAxis'>,
): Layer[] | undefined {
  const { outputs, channelAxis } = channels;
  const readers = wiring.readers(value);
  if (readers.length === 0 || wiring.isOutput(value)) return undefined;
  const found = readers.map((node) => {
    const pools = transparent.has(node.opType ?? '') && node.output.length === 1 && channelAxis === 1;
    if (pools) return layersAfter(wiring, node.output[0] ?? '', channels);
    const layer = layerOf(wiring, node);
    const fits = layer?.input === value && layer.inputs === outputs && layer.channelAxis === channelAxis;
    return fits ? [layer] : undefined;
  });
  return found.every((each) => each !== undefined) ? found.flat() : undefined;
}

function fitted(wiring: Wiring, place: Place, spread: Spread): void {
  const { activation, input, output } = place;
  const { graph } = wiring;
  // Found anew: a fit before this one may have given the layer another bias.
  const before = layerMaking(wiring, input);
  if (!before) return;
  const widths = deviations(spread);
  const { bounds, curve } = activation;
  if (bounds) {
    const [least, most] = bounds;
    const slopes = spread.mean.map((mean, c) => (most - least) * fitSlope(curve, bounds, [mean], [widths[c] ?? 0]));
    writeLayer(
      wiring,
      scaledOutputs(
        before,
        slopes,
        slopes.map(() => (least + most) / 2),
      ),
    );
    const [low, high] = [freshName(graph, `${place.id}.least`), freshName(graph, `${place.id}.most`)];
    wiring.define(tensor(low, Float32Array.of(least)));
    wiring.define(tensor(high, Float32Array.of(most)));
    replace(wiring, place, [makeNode('Clip', '', [input, low, high], [output])]);
    return;
  }
  const after = layersAfter(wiring, output, before);
  const ramps = Array.from(spread.mean, (mean, c) => fitRamp(curve, mean, widths[c] ?? 0, after !== undefined));
  writeLayer(
    wiring,
    scaledOutputs(
      before,
      ramps.map(({ scale }) => scale),
      ramps.map(({ offset }) => offset),
    ),
  );
  const ones = ramps.map(() => 1);
  for (const layer of after ?? [])
    writeLayer(
      wiring,
      scaledInputs(
        layer,
        ones,
        ramps.map(({ shift }) => shift),
      ),
    );
  replace(wiring, place, [makeNode('Relu', '', [input], [output])]);
}

/**
 * Cheaper activations, place by place: the same one as a single operator of the engine; FastGelu for Gelu; a piecewise
 * one for a smooth one (x·HardSigmoid with a fitted slope); or a Relu, for bounded ones a Clip, fitted to the measured
 * distribution of each channel: act(x) ≈ relu(a·x + b) + c with a and b in the weights and bias of the layer before and
 * c in the bias of the layers after, so that the engine computes it with the layer before.
 * After the linear approximation of activations in Nair and Hinton 2010 and Howard et al. 2019 (hard-swish).
 */
export const activation: Rewrite = {
  name: 'activation',
  unit: '0 as it is, 1 as one operator, 2 FastGelu, 3 piecewise, 4 a fitted Relu or Clip',
  affects: ['kernels', 'activationBytes', 'weightBytes'],
  sites: (model, inference) => places(model, inference).map(siteOf),
  needs: (model, selection) =>
    selected(model, selection).flatMap(([{ input, axis }, what]) =>
      what === choice.hard || what === choice.fitted ? [{ kind: 'spread' as const, tensor: input, axis }] : [],
    ),
  rewrite(model, selection, observed) {
    const chosen = new Map(selected(model, selection).map(([{ id }, what]) => [id, what]));
    const result = copy(model);
    const wiring = new Wiring(result.graph);
    for (const place of places(result, inferShapes(model))) {
      const what = chosen.get(place.id);
      if (what === undefined) continue;
      if (what === choice.oneOperator) oneOperator(result, wiring, place, place.activation.name);
      else if (what === choice.fastGelu) oneOperator(result, wiring, place, 'FastGelu');
      else if (what === choice.hard) hard(wiring, place, observed.spread(place.input, place.axis));
      else fitted(wiring, place, observed.spread(place.input, place.axis));
    }
    settle(result.graph);
    return result;
  },
};
