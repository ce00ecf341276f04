import { addOutputs, attribute, initializerOf, makeNode, prune, setInitializer } from './graph.ts';
import { isUnpadded, layerMaking, layerOf, scaledInputs, scaledOutputs, writeLayer } from './layer.ts';
import { copy, type Model, ModelError, type NodeProto } from './model.ts';
import { DataType, dims, floats, tensor } from './tensors.ts';
import { bypass, Wiring } from './wiring.ts';

const epsilonOf = (node: NodeProto) => attribute(node, 'epsilon')?.f ?? 1e-5;
const isBatchNorm = ({ opType, domain }: NodeProto) => opType === 'BatchNormalization' && !domain;

/** The tensors that a recalibration pass returns for one BatchNormalization. */
interface Statistics {
  mean: string;
  variance: string;
}

const statisticsOf = (node: NodeProto): Statistics => ({
  mean: `${node.name}.batch_mean`,
  variance: `${node.name}.batch_variance`,
});

export const batchNorms = ({ graph }: Model): NodeProto[] => graph.node.filter(isBatchNorm);

/**
 * The model with every BatchNormalization normalising by the statistics of the batch it is given (mean and biased
 * variance over all axes but the channel's), and these as outputs of the graph: one forward pass over the calibration
 * inputs yields the statistics of all layers (Yu and Huang 2019, BatchNorm calibration of slimmable networks).
 */
export function recalibrationModel(model: Model): Model {
  const result = copy(model);
  const { graph } = result;
  setInitializer(graph, tensor('batch_norm.axes', BigInt64Array.of(0n, 2n, 3n), [3]));
  graph.node = graph.node.flatMap((node) => {
    if (!isBatchNorm(node)) return [node];
    const [input = '', scale = '', bias = ''] = node.input;
    const { mean, variance } = statisticsOf(node);
    const at = (suffix: string) => `${node.name}.${suffix}`;
    const channels = dims(initializerOf(graph, scale) ?? tensor('', new Float32Array(0), [0]))[0] ?? 0;
    setInitializer(graph, tensor(at('epsilon'), Float32Array.of(epsilonOf(node))));
    for (const [parameter, suffix] of [
      [scale, 'scale'],
      [bias, 'bias'],
    ] as const) {
      const present = initializerOf(graph, parameter);
      if (!present) throw new ModelError(`the ${suffix} of BatchNormalization "${node.name}" is not constant`);
      setInitializer(graph, tensor(at(`${suffix}_4d`), floats(present), [1, channels, 1, 1]));
    }
    addOutputs(graph, [mean, variance]);
    return [
      makeNode('ReduceMean', at('mean'), [input], [mean], { axes: [0, 2, 3], keepdims: 1 }),
      makeNode('Sub', at('centre'), [input, mean], [at('centred')]),
      makeNode('Mul', at('square'), [at('centred'), at('centred')], [at('squared')]),
      makeNode('ReduceMean', at('variance'), [at('squared')], [variance], { axes: [0, 2, 3], keepdims: 1 }),
      makeNode('Add', at('stabilise'), [variance, at('epsilon')], [at('stable')]),
      makeNode('Sqrt', at('root'), [at('stable')], [at('deviation')]),
      makeNode('Div', at('normalise'), [at('centred'), at('deviation')], [at('normalised')]),
      makeNode('Mul', at('scale'), [at('normalised'), at('scale_4d')], [at('scaled')]),
      makeNode('Add', at('shift'), [at('scaled'), at('bias_4d')], node.output.slice(0, 1)),
    ];
  });
  if ((result.opsetImport.find(({ domain }) => !domain)?.version ?? 0n) >= 18n) axesAsInputs(result);
  prune(graph);
  return result;
}

/** From opset 18 on, ReduceMean takes its axes as an input instead of an attribute. */
function axesAsInputs({ graph }: Model): void {
  for (const node of graph.node.filter(
    ({ opType, name }) => opType === 'ReduceMean' && /\.(mean|variance)$/.test(name ?? ''),
  )) {
    node.attribute = node.attribute.filter(({ name }) => name !== 'axes');
    node.input = [...node.input, 'batch_norm.axes'];
  }
}

/** The model with the statistics that a run of its recalibration model returned. */
export function withStatistics(model: Model, outputs: Record<string, Float32Array>): Model {
  const result = copy(model);
  for (const node of batchNorms(result)) {
    const { mean, variance } = statisticsOf(node);
    const [, , , meanName = '', varianceName = ''] = node.input;
    const [means, variances] = [outputs[mean], outputs[variance]];
    if (!means || !variances) throw new ModelError(`no statistics were measured for BatchNormalization "${node.name}"`);
    setInitializer(result.graph, tensor(meanName, means, [means.length]));
    setInitializer(result.graph, tensor(varianceName, variances, [variances.length]));
  }
  return result;
}

/** What a BatchNormalization does to each channel: y = scale·x + shift. Undefined where its parameters are not constant. */
function affineOf(wiring: Wiring, node: NodeProto): { scale: Float64Array; shift: Float64Array } | undefined {
  const constants = node.input.slice(1, 5).map((name) => wiring.constant(name));
  const trains = attribute(node, 'training_mode')?.i === 1n || node.output.slice(1).some((name) => name !== '');
  if (trains || constants.some((found) => found?.dataType !== DataType.FLOAT || found.externalData.length > 0)) {
    return undefined;
  }
  const [gamma, beta, mean, variance] = constants.map((found) => (found ? floats(found) : undefined));
  if (!gamma || !beta || !mean || !variance) return undefined;
  const epsilon = epsilonOf(node);
  const scale = Float64Array.from(gamma, (value, c) => value / Math.sqrt((variance[c] ?? 0) + epsilon));
  return { scale, shift: scale.map((value, c) => (beta[c] ?? 0) - (mean[c] ?? 0) * value) };
}

function foldOne(wiring: Wiring, node: NodeProto): void {
  const [input = '', output = ''] = [node.input[0], node.output[0]];
  const affine = affineOf(wiring, node);
  if (!affine) return;
  const before = layerMaking(wiring, input);
  // The channels of a BatchNormalization stand on axis 1: of a product of matrices that is the last only at rank 2.
  if (before?.channelAxis === 1 && wiring.onlyReader(input) === node && before.outputs === affine.scale.length) {
    if (bypass(wiring, node, input)) writeLayer(wiring, scaledOutputs(before, affine.scale, affine.shift));
    return;
  }
  const after = layerOf(wiring, wiring.onlyReader(output));
  const fits = after?.channelAxis === 1 && after.input === output && after.inputs === affine.scale.length;
  if (!after || !fits || !isUnpadded(after)) return;
  wiring.remove(node);
  wiring.reread(output, input);
  writeLayer(wiring, scaledInputs(after, affine.scale, affine.shift));
}

/**
 * Folds each BatchNormalization into the Conv or Gemm that alone it reads (w' = w·γ/√(σ²+ε),
 * b' = (b−μ)·γ/√(σ²+ε) + β), else into the one that alone reads it, where no padding stands in between (zeros that are
 * padded are not normalised). Others stay as they are. Weights that another node shares stay its own.
 */
export function foldBatchNorms(model: Model): Model {
  const result = copy(model);
  const { graph } = result;
  const wiring = new Wiring(graph);
  for (const node of batchNorms(result)) foldOne(wiring, node);
  prune(graph);
  return result;
}
